//! Writes a call: who talks to whom about what, and how well.

use super::{
    Call, Direction, Domain, Emotion, Language, Line, Speaker,
    phrases::{self, Exchange, Phrasebook, Topic},
    verdict::{judge, summarize, tags_of},
};
use crate::{random::Random, vendor::Vendor, world::CallHead};

/// What a good agent does, in the order of the checklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Greeting,
    Introduction,
    Company,
    ClientName,
    Need,
    Questions,
    Check,
    Offer,
    Price,
    Objection,
    Time,
    Contact,
    Recap,
    Thanks,
    Goodbye,
}

pub(super) const PHASES: [Phase; 15] = [
    Phase::Greeting,
    Phase::Introduction,
    Phase::Company,
    Phase::ClientName,
    Phase::Need,
    Phase::Questions,
    Phase::Check,
    Phase::Offer,
    Phase::Price,
    Phase::Objection,
    Phase::Time,
    Phase::Contact,
    Phase::Recap,
    Phase::Thanks,
    Phase::Goodbye,
];

/// A dialogue in the making.
pub(super) struct Script {
    random: Random,
    /// Whether everything is talked through: these vendors give the text alone, without words and
    /// times, so that a document is no smaller than those of the others.
    thorough: bool,
    phrasebook: &'static Phrasebook,
    topic: &'static Topic,
    company: String,
    agent: String,
    client: String,
    day: &'static str,
    time: String,
    price: String,
    pub(super) lines: Vec<Line>,
    now_ms: i64,
    pub(super) met: Vec<(Phase, usize)>,
}

/// The call of this vendor and index, in this version.
pub(crate) fn generate(seed: u64, vendor: Vendor, head: CallHead) -> Call {
    let mut random = Random::new(&[seed, vendor.number(), u64::from(head.index), 0xca11]);
    let language = language_of(vendor, &mut random);
    let domain = *random.pick(&[
        Domain::Clinic,
        Domain::Telecom,
        Domain::Bank,
        Domain::Delivery,
        Domain::RealEstate,
    ]);
    let direction = if random.chance(70) {
        Direction::Inbound
    } else {
        Direction::Outbound
    };
    let client_phone = format!("+99890000{:04}", random.below(10_000));
    let mut script = Script::new(random, vendor, language, domain);
    script.write(direction);
    finish(
        script,
        seed,
        vendor,
        head,
        (language, domain, direction, client_phone),
    )
}

fn language_of(vendor: Vendor, random: &mut Random) -> Language {
    let roll = random.below(100);
    match vendor {
        // The one vendor of a single country: its own sample is Uzbek with Russian tags.
        Vendor::AloVoice if roll < 65 => Language::Uz,
        Vendor::AloVoice => Language::Ru,
        _ if roll < 45 => Language::Ru,
        _ if roll < 75 => Language::En,
        _ => Language::Uz,
    }
}

fn finish(
    script: Script,
    seed: u64,
    vendor: Vendor,
    head: CallHead,
    (language, domain, direction, client_phone): (Language, Domain, Direction, String),
) -> Call {
    let analyst = phrases::analyst(language);
    let points = judge(&script, analyst, seed, vendor, head);
    let met = points.iter().filter(|point| point.met).count();
    let score = u8::try_from((met * 100 + points.len() / 2) / points.len().max(1)).unwrap_or(100);
    let tags = tags_of(&script, language);
    let resolved = score >= 60;
    let summary = summarize(&script, analyst, domain, score);
    let satisfaction = 1 + score.min(99) / 20;
    Call {
        vendor,
        index: head.index,
        version: head.version,
        language,
        domain,
        direction,
        started_at: head.started_at,
        changed_at: head.changed_at,
        duration_ms: script.now_ms + 600,
        company: script.company,
        agent: script.agent,
        client: script.client,
        client_phone,
        lines: script.lines,
        summary,
        score,
        points,
        tags,
        satisfaction,
        resolved,
        extra: serde_json::Map::new(),
    }
}

impl Script {
    fn new(mut random: Random, vendor: Vendor, language: Language, domain: Domain) -> Self {
        let phrasebook = phrases::phrasebook(language);
        let topic = phrases::topic(language, domain);
        let (low, high, step) = topic.price_range;
        let price = low + random.range(0, (high - low) / step.max(1)) * step;
        Self {
            company: (*random.pick(topic.companies)).to_owned(),
            agent: (*random.pick(phrasebook.agents)).to_owned(),
            client: (*random.pick(phrasebook.clients)).to_owned(),
            day: *random.pick::<&str>(phrasebook.days),
            time: format!("{}:{}0", random.range(9, 18), random.range(0, 5)),
            price: grouped(price),
            thorough: matches!(vendor, Vendor::Neuro | Vendor::Transcripto),
            now_ms: random.range(700, 2_600),
            lines: Vec::with_capacity(64),
            met: Vec::new(),
            phrasebook,
            topic,
            random,
        }
    }

    /// Writes the whole dialogue. A skilled agent leaves out little.
    fn write(&mut self, direction: Direction) {
        let skill = 35 + self.random.below(65);
        self.open(direction, skill);
        self.ask(skill);
        self.sell(skill);
        self.close(skill);
    }

    fn open(&mut self, direction: Direction, skill: u64) {
        let phrasebook = self.phrasebook;
        let introduces = self.random.chance(skill);
        let greetings = match (direction, introduces) {
            (Direction::Outbound, _) => phrasebook.callbacks,
            (Direction::Inbound, true) => phrasebook.greetings,
            (Direction::Inbound, false) => phrasebook.short_greetings,
        };
        if direction == Direction::Inbound || introduces {
            self.meet(Phase::Introduction, introduces);
        }
        self.meet(Phase::Greeting, true);
        self.meet(Phase::Company, true);
        self.say_one_of(Speaker::Agent, greetings);
        let needs = self.topic.needs;
        self.say_one_of(Speaker::Client, needs);
        if self.random.chance(100 - skill) {
            self.say_as(Speaker::Client, Emotion::Negative, phrasebook.complaints);
        }
        if self.random.chance(skill) {
            self.meet(Phase::ClientName, true);
            self.say_one_of(Speaker::Agent, phrasebook.ask_name);
            self.say_one_of(Speaker::Client, phrasebook.give_name);
        }
    }

    fn ask(&mut self, skill: u64) {
        let mut questions: Vec<Exchange> = self.topic.questions.to_vec();
        questions.extend(self.phrasebook.small_talk);
        let own = self.topic.questions.len();
        let some = 6 + self.random.index(questions.len().saturating_sub(5));
        let asked = if self.thorough { questions.len() } else { some };
        self.meet(Phase::Need, true);
        for number in 0..asked.min(questions.len()) {
            // Questions on the subject come before the general ones.
            let pool = if number < own {
                own - number
            } else {
                questions.len()
            };
            let exchange = questions.remove(self.random.index(pool));
            if number == 2 {
                self.meet(Phase::Questions, true);
            }
            self.exchange(exchange);
            if self.random.chance(30) {
                self.say_one_of(Speaker::Agent, self.phrasebook.nods);
            }
        }
        if self.random.chance(skill) {
            self.meet(Phase::Check, true);
            for hold in self.some_of(self.phrasebook.holds) {
                self.exchange(hold);
                self.now_ms += self.random.range(4_000, 25_000);
            }
        }
    }

    fn sell(&mut self, skill: u64) {
        let topic = self.topic;
        if self.random.chance(skill + 10) {
            self.meet(Phase::Offer, true);
            for offer in self.some_of(topic.offers) {
                self.exchange(offer);
            }
        }
        if self.random.chance(skill) {
            self.meet(Phase::Price, true);
            for price in self.some_of(topic.prices) {
                self.exchange(price);
            }
        }
        if self.random.chance(60) {
            for (objection, answer) in self.some_of(topic.objections) {
                self.say(Speaker::Client, Emotion::Neutral, objection);
                if self.random.chance(skill) {
                    self.meet(Phase::Objection, true);
                    self.say(Speaker::Agent, Emotion::Neutral, answer);
                } else {
                    self.say_one_of(Speaker::Agent, self.phrasebook.nods);
                }
            }
        }
    }

    /// One of the items, or all of them in any order where the dialogue is thorough.
    fn some_of<T: Copy>(&mut self, items: &[T]) -> Vec<T> {
        if !self.thorough {
            return vec![*self.random.pick(items)];
        }
        let mut rest = items.to_vec();
        let mut chosen = Vec::with_capacity(rest.len());
        while !rest.is_empty() {
            chosen.push(rest.remove(self.random.index(rest.len())));
        }
        chosen
    }

    fn close(&mut self, skill: u64) {
        let phrasebook = self.phrasebook;
        for (phase, exchanges) in [
            (Phase::Time, phrasebook.agree_time),
            (Phase::Contact, phrasebook.contact),
        ] {
            if self.random.chance(skill) {
                self.meet(phase, true);
                let exchange = *self.random.pick(exchanges);
                self.exchange(exchange);
            }
        }
        if self.random.chance(skill) {
            self.meet(Phase::Recap, true);
            self.say_one_of(Speaker::Agent, phrasebook.recap);
        }
        if self.random.chance(skill) {
            self.say_as(Speaker::Client, Emotion::Positive, phrasebook.thanks);
        }
        if self.random.chance(skill + 15) {
            self.meet(Phase::Thanks, true);
            self.meet(Phase::Goodbye, true);
            self.say_one_of(Speaker::Agent, phrasebook.goodbyes);
        }
        self.say_one_of(Speaker::Client, phrasebook.client_goodbyes);
    }

    /// Notes that the next line meets a point of the checklist.
    fn meet(&mut self, phase: Phase, met: bool) {
        if met {
            self.met.push((phase, self.lines.len()));
        }
    }

    fn exchange(&mut self, (agent, client): Exchange) {
        self.say(Speaker::Agent, Emotion::Neutral, agent);
        self.say(Speaker::Client, Emotion::Neutral, client);
    }

    fn say_one_of(&mut self, speaker: Speaker, phrases: &[&'static str]) {
        self.say_as(speaker, Emotion::Neutral, phrases);
    }

    fn say_as(&mut self, speaker: Speaker, emotion: Emotion, phrases: &[&'static str]) {
        let phrase = *self.random.pick(phrases);
        self.say(speaker, emotion, phrase);
    }

    fn say(&mut self, speaker: Speaker, emotion: Emotion, phrase: &str) {
        let number = self.random.range(1_000, 9_999).to_string();
        let text = self.fill(phrase).replace("{number}", &number);
        let letters = i64::try_from(text.chars().count()).unwrap_or(0);
        let start_ms = self.now_ms;
        let end_ms = start_ms + 300 + letters * self.random.range(52, 74);
        self.now_ms = end_ms + self.random.range(120, 1_400);
        self.lines.push(Line {
            speaker,
            start_ms,
            end_ms,
            text,
            emotion,
        });
    }

    pub(super) fn fill(&self, phrase: &str) -> String {
        phrase
            .replace("{company}", &self.company)
            .replace("{agent}", &self.agent)
            .replace("{client}", &self.client)
            .replace("{day}", self.day)
            .replace("{time}", &self.time)
            .replace("{price}", &self.price)
    }
}

/// A number with its thousands apart, as people write prices.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + 4);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
