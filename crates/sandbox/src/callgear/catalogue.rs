//! The account's scenarios and tags as they are at the start.
//!
//! A scenario is a checklist that is run over calls of one subject. The account serves clients in
//! two languages of analysis, so each subject has two scenarios.

use serde_json::{Value, json};

use crate::{
    call::{Call, Domain, Language, phrases},
    random::mix_text,
};

const FIRST_SCENARIO: i64 = 130;
const FIRST_TAG: i64 = 181;
const DOMAINS: [Domain; 5] = [
    Domain::Clinic,
    Domain::Telecom,
    Domain::Bank,
    Domain::Delivery,
    Domain::RealEstate,
];
/// The points of the shorter scenarios, as positions in the long checklist.
const POLITENESS: [usize; 8] = [0, 1, 2, 3, 8, 12, 13, 14];
const SALES: [usize; 6] = [4, 5, 7, 8, 9, 10];

/// A scenario and its checklist.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) id: i64,
    pub(super) name: &'static str,
    /// The percentage from which a call counts as successful.
    pub(super) threshold: u8,
    /// The points: their numbers in the long checklist, from 1, and their names.
    pub(super) points: Vec<(u32, &'static str)>,
}

/// A tag of the account.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tag {
    pub(super) id: i64,
    pub(super) comagic_tag_id: i64,
    pub(super) performer: &'static str,
    pub(super) condition: &'static str,
    pub(super) color: &'static str,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
}

/// The scenario of this part of a call's results: its subject first, then the general ones.
pub(super) fn scenario_of(call: &Call, part: u32) -> Scenario {
    let english = call.language == Language::En;
    let kind = match part {
        0 => DOMAINS
            .iter()
            .position(|domain| *domain == call.domain)
            .unwrap_or(0),
        1 => 5,
        _ => 6,
    };
    scenario(kind, english)
}

/// All scenarios of the account.
pub(super) fn scenarios() -> Vec<Scenario> {
    (0..7)
        .flat_map(|kind| [scenario(kind, false), scenario(kind, true)])
        .collect()
}

fn scenario(kind: usize, english: bool) -> Scenario {
    const NAMES: [(&str, &str, u8); 7] = [
        ("Медицина", "Medicine", 70),
        ("Связь", "Telecom", 60),
        ("Банк", "Banking", 65),
        ("Доставка", "Delivery", 60),
        ("Недвижимость", "Real estate", 75),
        ("Стандарт вежливости", "Politeness standard", 80),
        ("Продажа", "Sale", 50),
    ];
    let (russian_name, english_name, threshold) = NAMES.get(kind).copied().unwrap_or(NAMES[0]);
    let analyst = phrases::analyst(if english { Language::En } else { Language::Ru });
    let all: Vec<(u32, &str)> = (1..).zip(analyst.points).collect();
    let chosen = |positions: &[usize]| {
        positions
            .iter()
            .filter_map(|at| all.get(*at).copied())
            .collect()
    };
    let points = match kind {
        5 => chosen(&POLITENESS),
        6 => chosen(&SALES),
        _ => all,
    };
    let place = i64::try_from(kind * 2 + usize::from(english)).unwrap_or(0);
    Scenario {
        id: FIRST_SCENARIO + place,
        name: if english { english_name } else { russian_name },
        threshold,
        points,
    }
}

impl Scenario {
    /// The scenario as the API shows it.
    pub(super) fn shown(&self) -> Value {
        let text: Vec<String> = (1..)
            .zip(&self.points)
            .map(|(number, (_, name))| format!("{number}. {name}"))
            .collect();
        let tag = TAGS.get(usize::try_from(self.id).unwrap_or(0) % TAGS.len());
        json!({
            "state": if self.id % 9 == 4 { "inactive" } else { "active" },
            "scenario_text": text.join("\n"),
            "id": self.id,
            "scenario_name": self.name,
            "scenario_score": self.threshold,
            "tags": tag.map(|tag| vec![tag.shown()]).unwrap_or_default(),
            // An array of arrays, with a localised word for the operator.
            "filters": [[{
                "id": 203,
                "name": "Длительность разговора",
                "operators": "больше чем",
                "data_type": "number",
                "values": 5,
            }]],
        })
    }

    /// The points as the API shows them.
    pub(super) fn shown_points(&self) -> Vec<Value> {
        let numbered = (1..).zip(&self.points);
        numbered
            .map(|(id, (_, name)): (u32, _)| json!({"id": id, "point": name}))
            .collect()
    }
}

/// The scenario of this id among those of the start.
pub(super) fn scenario_by_id(id: i64) -> Option<Scenario> {
    scenarios().into_iter().find(|scenario| scenario.id == id)
}

impl Tag {
    /// The tag as the API shows it.
    pub(super) fn shown(&self) -> Value {
        json!({
            "id": self.id,
            "comagic_tag_id": self.comagic_tag_id,
            "performer": self.performer,
            "condition": self.condition,
            "color": self.color,
            "description": self.description,
            "name": self.name,
        })
    }
}

/// The tags of the account.
pub(super) const TAGS: [Tag; 10] = [
    tag(
        0,
        "operator",
        "special-6",
        "возражение оператора",
        "Оператор отработал возражения",
    ),
    tag(
        1,
        "client",
        "special-2",
        "негатив клиент",
        "Клиент выражал недовольство, жаловался",
    ),
    tag(
        2,
        "operator",
        "special-3",
        "запись подытоживания",
        "Озвучил дату, время записи, стоимость и адрес",
    ),
    tag(
        3,
        "operator",
        "special-4",
        "слова паразиты",
        "Оператор использовал слова-паразиты",
    ),
    tag(
        4,
        "operator",
        "special-1",
        "нет представления",
        "Оператор не назвал своё имя",
    ),
    tag(
        5,
        "operator",
        "special-6",
        "operator's objection",
        "The operator worked through the objections",
    ),
    tag(
        6,
        "client",
        "special-2",
        "negative client",
        "The client was dissatisfied or complained",
    ),
    tag(
        7,
        "operator",
        "special-3",
        "record summed up",
        "Named the date, the time, the cost and the address",
    ),
    tag(
        8,
        "operator",
        "special-4",
        "word parasites",
        "The operator used filler words",
    ),
    tag(
        9,
        "operator",
        "special-1",
        "no introduction",
        "The operator did not name himself",
    ),
];

const fn tag(
    place: i64,
    performer: &'static str,
    color: &'static str,
    name: &'static str,
    description: &'static str,
) -> Tag {
    Tag {
        id: FIRST_TAG + place * 3,
        comagic_tag_id: 3_727 + place * 2,
        performer,
        condition: if place % 5 == 4 {
            "not discuss"
        } else {
            "discuss"
        },
        color,
        name,
        description,
    }
}

/// The id and the colour of a tag of this name; a name a test made up has an id of its own.
pub(super) fn tag_by_name(name: &str) -> (i64, &'static str) {
    TAGS.iter().find(|tag| tag.name == name).map_or_else(
        || {
            (
                900 + i64::try_from(mix_text(0, name) % 1_000).unwrap_or(0),
                "special-5",
            )
        },
        |tag| (tag.id, tag.color),
    )
}
