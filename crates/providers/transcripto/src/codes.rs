//! What the vendor's codes mean: by operation where a code has a meaning of its own there, else
//! by the general table.

use callweave_provider::ErrorKind;

/// Codes whose meaning in an operation differs from the general one.
const BY_OPERATION: &[(&str, &[&str], ErrorKind)] = &[
    ("4043", &["TR-33"], ErrorKind::NotFound),
    ("4044", &["TR-33"], ErrorKind::NotFound),
    // The category has children; elsewhere a member is missing.
    ("4045", &["TR-25"], ErrorKind::Conflict),
    ("4046", &["TR-38"], ErrorKind::NotFound),
    // The task is of another type; elsewhere access is denied.
    ("4056", &["TR-34", "TR-35"], ErrorKind::InvalidRequest),
    // The task is not completed; elsewhere two dates are in the wrong order.
    ("4062", &["TR-36", "TR-37"], ErrorKind::NotReady),
    // The vendor's text for it speaks of the plan and the quota of reports.
    ("4602", &["TR-08"], ErrorKind::QuotaExceeded),
];

/// What a code means in an operation.
pub(crate) fn kind(operation: &str, code: &str) -> ErrorKind {
    if operation == "TR-01" && is_refusal(code) {
        return ErrorKind::InvalidCredentials;
    }
    let own = BY_OPERATION
        .iter()
        .find(|(known, operations, _)| *known == code && operations.contains(&operation));
    own.map_or_else(|| general(code), |(_, _, kind)| *kind)
}

fn general(code: &str) -> ErrorKind {
    match code {
        "4012" | "4023" => ErrorKind::Unauthorized,
        "4021" | "4033" | "4041" | "4053" | "4059" | "4066" => ErrorKind::NotFound,
        "4034" | "4044" | "4050" | "4602" => ErrorKind::QuotaExceeded,
        "4054" | "4055" | "4091" => ErrorKind::Conflict,
        "4056" => ErrorKind::Forbidden,
        "4057" => ErrorKind::NotReady,
        "4070" => ErrorKind::VendorFailure,
        code if is_refusal(code) => ErrorKind::InvalidRequest,
        _ => ErrorKind::VendorFailure,
    }
}

/// A four-digit code that begins with a four: the request is at fault.
fn is_refusal(code: &str) -> bool {
    code.len() == 4 && code.starts_with('4') && code.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use callweave_provider::ErrorKind::{
        self, Conflict, Forbidden, InvalidCredentials, InvalidRequest, NotFound, NotReady,
        QuotaExceeded, Unauthorized, VendorFailure,
    };

    use super::kind;

    /// Every code that the document names at an operation.
    const DOCUMENTED: &[(&str, &[(&str, ErrorKind)])] = &[
        (
            "TR-03",
            &[
                ("4001", InvalidRequest),
                ("4024", InvalidRequest),
                ("4025", InvalidRequest),
                ("4026", InvalidRequest),
                ("4044", QuotaExceeded),
                ("4050", QuotaExceeded),
                ("4091", Conflict),
                ("4092", InvalidRequest),
                ("5000", VendorFailure),
            ],
        ),
        (
            "TR-04",
            &[
                ("4001", InvalidRequest),
                ("4002", InvalidRequest),
                ("4024", InvalidRequest),
                ("4044", QuotaExceeded),
                ("4050", QuotaExceeded),
                ("4092", InvalidRequest),
                ("5000", VendorFailure),
            ],
        ),
        (
            "TR-05",
            &[
                ("4024", InvalidRequest),
                ("4025", InvalidRequest),
                ("4026", InvalidRequest),
                ("4044", QuotaExceeded),
                ("4050", QuotaExceeded),
                ("4092", InvalidRequest),
                ("5000", VendorFailure),
            ],
        ),
        (
            "TR-06",
            &[
                ("4017", InvalidRequest),
                ("4044", QuotaExceeded),
                ("5000", VendorFailure),
            ],
        ),
        (
            "TR-08",
            &[
                ("4023", Unauthorized),
                ("4060", InvalidRequest),
                ("4061", InvalidRequest),
                ("4062", InvalidRequest),
                ("4602", QuotaExceeded),
                ("5000", VendorFailure),
            ],
        ),
        ("TR-22", &[("4023", Unauthorized), ("5000", VendorFailure)]),
        ("TR-23", &[("4023", Unauthorized), ("5000", VendorFailure)]),
        (
            "TR-24",
            &[
                ("4023", Unauthorized),
                ("4059", NotFound),
                ("5000", VendorFailure),
            ],
        ),
        (
            "TR-25",
            &[
                ("4023", Unauthorized),
                ("4045", Conflict),
                ("4059", NotFound),
                ("5000", VendorFailure),
            ],
        ),
        (
            "TR-26",
            &[("4045", InvalidRequest), ("5000", VendorFailure)],
        ),
        ("TR-28", &[("4066", NotFound), ("5000", VendorFailure)]),
        (
            "TR-33",
            &[
                ("4001", InvalidRequest),
                ("4002", InvalidRequest),
                ("4003", InvalidRequest),
                ("4041", NotFound),
                ("4043", NotFound),
                ("4044", NotFound),
                ("5000", VendorFailure),
                ("5001", VendorFailure),
            ],
        ),
        ("TR-34", CALL_DOCUMENT),
        ("TR-35", CALL_DOCUMENT),
        ("TR-36", VIDEO_DOCUMENT),
        ("TR-37", VIDEO_DOCUMENT),
        (
            "TR-38",
            &[
                ("4021", NotFound),
                ("4023", Unauthorized),
                ("4045", InvalidRequest),
                ("4046", NotFound),
                ("5000", VendorFailure),
                ("5002", VendorFailure),
            ],
        ),
        // What the general list says of codes that no operation names.
        (
            "TR-01",
            &[("4030", InvalidCredentials), ("5000", VendorFailure)],
        ),
        (
            "TR-02",
            &[("4034", QuotaExceeded), ("4047", InvalidRequest)],
        ),
        (
            "TR-06",
            &[("4043", InvalidRequest), ("4052", InvalidRequest)],
        ),
        ("TR-11", &[("4020", InvalidRequest), ("4021", NotFound)]),
        (
            "TR-12",
            &[("4021", NotFound), ("4056", Forbidden), ("4057", NotReady)],
        ),
        ("TR-15", &[("4045", InvalidRequest), ("4054", Conflict)]),
        ("TR-16", &[("4053", NotFound), ("4055", Conflict)]),
        ("TR-17", &[("4053", NotFound)]),
        ("TR-21", &[("4041", NotFound)]),
        ("TR-34", &[("4070", VendorFailure), ("5003", VendorFailure)]),
    ];

    const CALL_DOCUMENT: &[(&str, ErrorKind)] = &[
        ("4021", NotFound),
        ("4023", Unauthorized),
        ("4045", InvalidRequest),
        ("4056", InvalidRequest),
        ("4057", NotReady),
        ("5000", VendorFailure),
        ("5002", VendorFailure),
    ];

    const VIDEO_DOCUMENT: &[(&str, ErrorKind)] = &[
        ("4021", NotFound),
        ("4023", Unauthorized),
        ("4045", InvalidRequest),
        ("4057", NotReady),
        ("4061", InvalidRequest),
        ("4062", NotReady),
        ("5000", VendorFailure),
        ("5002", VendorFailure),
    ];

    #[test]
    fn trap_t04_every_documented_code_of_every_operation_has_its_meaning() {
        for (operation, codes) in DOCUMENTED {
            for (code, expected) in *codes {
                assert_eq!(kind(operation, code), *expected, "{operation} {code}");
            }
        }
    }

    #[test]
    fn trap_t05_two_codes_ask_for_a_new_token_everywhere() {
        for number in 2..=38 {
            let operation = format!("TR-{number:02}");
            for code in ["4012", "4023"] {
                assert_eq!(kind(&operation, code), Unauthorized, "{operation} {code}");
            }
        }
    }

    #[test]
    fn trap_t06_t46_quota_is_told_by_three_codes() {
        for code in ["4044", "4050", "4602"] {
            assert_eq!(kind("TR-08", code), QuotaExceeded, "{code}");
        }
    }

    #[test]
    fn trap_t47_five_thousands_and_what_nobody_knows_are_the_vendors_failures() {
        for code in ["5000", "5001", "5002", "5003", "4070", "7", "x"] {
            assert_eq!(kind("TR-09", code), VendorFailure, "{code}");
        }
        assert_eq!(
            kind("TR-03", "4999"),
            InvalidRequest,
            "a refusal by its number"
        );
    }
}
