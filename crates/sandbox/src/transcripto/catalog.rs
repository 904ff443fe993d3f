//! The fixed vocabulary of the sandbox account: folders, questions, categories, scripts, notes.
//!
//! All of it is invented. The notes of one domain belong together, so that an analysis reads as one.

use crate::call::{Domain, Language};

/// Prefixes of the operator's and the customer's lines in `original_text`.
pub(crate) const fn labels(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::Ru => ("Оператор", "Клиент"),
        Language::En => ENGLISH_LABELS,
        Language::Uz => ("Operator", "Mijoz"),
    }
}

/// The labels that the vendor's own examples show, whatever the language of the text.
pub(crate) const ENGLISH_LABELS: (&str, &str) = ("Operator", "Customer");

/// Folders of the account.
pub(crate) const DIRECTORIES: [(i64, &str); 6] = [
    (70, "Website promotion"),
    (71, "Отдел продаж"),
    (72, "Техническая поддержка"),
    (77, "Sifat nazorati"),
    (123, "Sales department"),
    (140, "Архив"),
];

/// Questions of the account's checklist: id, text, whether it is active.
pub(crate) const QUESTIONS: [(i64, &str, bool); 9] = [
    (
        1,
        "Did the operator introduce themselves to the customer?",
        true,
    ),
    (2, "Did the operator clarify the purpose of the call?", true),
    (3, "Оператор уточнил данные клиента?", true),
    (4, "Оператор предложил решение?", true),
    (5, "Operator xayrlashdimi?", true),
    (6, "Оператор назвал сроки решения?", true),
    (7, "Did they state the plan conditions?", true),
    (8, "Was the customer put on hold without a warning?", false),
    (9, "Что помешало закрыть вопрос сразу?", true),
];

/// Call categories: id, name, description, parent.
pub(crate) const CATEGORIES: [(i64, &str, Option<&str>, Option<i64>); 14] = [
    (101, "Sales", Some("Sales calls"), None),
    (
        102,
        "New connection",
        Some("Customer asks to connect"),
        Some(101),
    ),
    (103, "Upsell", None, Some(101)),
    (202, "Техподдержка", Some("Технические обращения"), None),
    (
        203,
        "Нет связи",
        Some("Связь пропала или обрывается"),
        Some(202),
    ),
    (204, "Настройка оборудования", None, Some(202)),
    (205, "Активация eSIM", Some("eSIM and APN"), Some(202)),
    (301, "To‘lovlar", Some("To‘lov va hisob-kitob"), None),
    (302, "Возврат средств", None, Some(301)),
    (
        303,
        "Списание",
        Some("Клиент не согласен со списанием"),
        Some(301),
    ),
    (401, "Complaint", Some("Complaints about service"), None),
    (402, "Delivery", Some("Delivery status and delays"), None),
    (403, "Курьер опоздал", None, Some(402)),
    (501, "Other", None, None),
];

/// A check script.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) id: i64,
    pub(crate) identifier: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: Option<&'static str>,
    pub(crate) is_active: bool,
    pub(crate) version: i64,
    pub(crate) body: &'static str,
}

/// The check scripts of the account.
pub(crate) const SCRIPTS: [Script; 5] = [
    Script {
        id: 11,
        identifier: "welcome_v1",
        title: "Customer greeting",
        description: Some("Greeting and data verification script"),
        is_active: true,
        version: 1,
        body: "Hello! My name is ..., you are speaking with customer care. How may I help you?",
    },
    Script {
        id: 12,
        identifier: "welcome_ru",
        title: "Приветствие клиента",
        description: Some("Приветствие и проверка данных"),
        is_active: true,
        version: 3,
        body: "Здравствуйте! Меня зовут ..., служба поддержки. Назовите, пожалуйста, номер договора.",
    },
    Script {
        id: 13,
        identifier: "retention_v2",
        title: "Удержание",
        description: None,
        is_active: true,
        version: 2,
        body: "Уточните причину отказа. Предложите подходящий тариф. Подтвердите решение клиента.",
    },
    Script {
        id: 14,
        identifier: "payment_uz",
        title: "To‘lov bo‘yicha murojaat",
        description: Some("To‘lov holatini tekshirish"),
        is_active: true,
        version: 1,
        body: "Assalomu alaykum! To‘lov sanasi va summasini aniqlang, so‘ng holatini tekshiring.",
    },
    Script {
        id: 15,
        identifier: "welcome_old",
        title: "Old greeting",
        description: Some("Kept for history"),
        is_active: false,
        version: 1,
        body: "Good day! You have reached the contact centre.",
    },
];

/// What the analyst notes about calls of one domain.
#[derive(Debug)]
pub(crate) struct Notes {
    /// Categories that the classifier gives.
    pub(crate) categories: &'static [i64],
    /// `analysis.actions`.
    pub(crate) actions: [&'static str; 3],
    pub(crate) product_or_service: &'static str,
    pub(crate) root_cause: &'static str,
    pub(crate) intention: &'static str,
    pub(crate) key_obstacles: &'static str,
    pub(crate) decision_driver: &'static str,
    pub(crate) operator_commitments: &'static str,
}

/// The notes of a domain.
pub(crate) const fn notes(domain: Domain) -> &'static Notes {
    match domain {
        Domain::Telecom => &TELECOM,
        Domain::Delivery => &DELIVERY,
        Domain::Bank => &BANK,
        Domain::Clinic => &CLINIC,
        Domain::RealEstate => &REAL_ESTATE,
    }
}

const TELECOM: Notes = Notes {
    categories: &[202, 205],
    actions: [
        "Send an SMS with activation instructions",
        "Provide APN parameters for a stable connection",
        "Check whether there are outages in the customer's area",
    ],
    product_or_service: "mobile service, eSIM, static IPv4",
    root_cause: "technical",
    intention: "get a stable connection",
    key_obstacles: "no activation in the personal account; possible network outages",
    decision_driver: "stable connection at home",
    operator_commitments: "send SMS, provide APN, check outages",
};

const DELIVERY: Notes = Notes {
    categories: &[402, 403],
    actions: [
        "Связаться с курьерской службой",
        "Подтвердить новый срок доставки",
        "Оформить промокод",
    ],
    product_or_service: "доставка заказа",
    root_cause: "logistics",
    intention: "узнать, когда привезут заказ",
    key_obstacles: "курьер не отвечает; в системе нет нового срока",
    decision_driver: "срок доставки",
    operator_commitments: "перезвонить после ответа курьера",
};

const BANK: Notes = Notes {
    categories: &[301, 302],
    actions: [
        "To‘lov holatini tekshirish",
        "Qaytarish arizasini ro‘yxatdan o‘tkazish",
        "Mijozga SMS orqali xabar berish",
    ],
    product_or_service: "onlayn to‘lov, karta",
    root_cause: "billing",
    intention: "ortiqcha to‘lovni qaytarib olish",
    key_obstacles: "to‘lov tizimi javobi kutilmoqda",
    decision_driver: "qaytarish muddati",
    operator_commitments: "ariza raqamini yuborish",
};

const CLINIC: Notes = Notes {
    categories: &[501],
    actions: [
        "Send a reminder the day before",
        "Update the card of the customer",
        "Free the old slot",
    ],
    product_or_service: "appointment",
    root_cause: "schedule",
    intention: "come on another day",
    key_obstacles: "few free slots this week",
    decision_driver: "a convenient time",
    operator_commitments: "send a reminder",
};

const REAL_ESTATE: Notes = Notes {
    categories: &[101, 102],
    actions: [
        "Назначить просмотр",
        "Отправить планировки и расчёт платежа",
        "Напомнить об условиях до конца месяца",
    ],
    product_or_service: "квартира в новостройке",
    root_cause: "sales",
    intention: "выбрать квартиру",
    key_obstacles: "размер первого взноса",
    decision_driver: "цена и срок сдачи",
    operator_commitments: "прислать планировки",
};
