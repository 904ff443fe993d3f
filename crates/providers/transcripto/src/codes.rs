//! What the vendor's codes mean: by operation where a code has a meaning of its own there, else
//! by the general table.

use callweave_provider::ErrorKind;

/// Codes whose meaning in an operation differs from the general one.
const BY_OPERATION: &[(&str, &[&str], ErrorKind)] = &[
    ("4041", &["TR-33"], ErrorKind::NotFound),
    ("4043", &["TR-33"], ErrorKind::NotFound),
    ("4044", &["TR-33"], ErrorKind::NotFound),
    ("4045", &["TR-25"], ErrorKind::InvalidRequest),
    ("4046", &["TR-38"], ErrorKind::NotFound),
    ("4056", &["TR-34", "TR-35"], ErrorKind::InvalidRequest),
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
    use callweave_provider::ErrorKind;

    use super::kind;

    #[test]
    fn trap_t04_one_code_means_different_things() {
        for (operation, code, expected) in [
            ("TR-03", "4044", ErrorKind::QuotaExceeded),
            ("TR-33", "4044", ErrorKind::NotFound),
            ("TR-06", "4043", ErrorKind::InvalidRequest),
            ("TR-33", "4043", ErrorKind::NotFound),
            ("TR-38", "4046", ErrorKind::NotFound),
            ("TR-02", "4046", ErrorKind::InvalidRequest),
            ("TR-38", "4045", ErrorKind::InvalidRequest),
            ("TR-34", "4056", ErrorKind::InvalidRequest),
            ("TR-12", "4056", ErrorKind::Forbidden),
            ("TR-08", "4061", ErrorKind::InvalidRequest),
            ("TR-36", "4062", ErrorKind::InvalidRequest),
            ("TR-11", "4021", ErrorKind::NotFound),
            ("TR-12", "4057", ErrorKind::NotReady),
            ("TR-01", "4001", ErrorKind::InvalidCredentials),
            ("TR-01", "5000", ErrorKind::VendorFailure),
        ] {
            assert_eq!(kind(operation, code), expected, "{operation} {code}");
        }
    }

    #[test]
    fn trap_t05_two_codes_ask_for_a_new_token() {
        assert_eq!(kind("TR-09", "4012"), ErrorKind::Unauthorized);
        assert_eq!(kind("TR-38", "4023"), ErrorKind::Unauthorized);
    }

    #[test]
    fn trap_t06_t46_quota_is_told_by_three_codes() {
        for code in ["4044", "4050", "4602"] {
            assert_eq!(kind("TR-08", code), ErrorKind::QuotaExceeded, "{code}");
        }
    }

    #[test]
    fn trap_t47_five_thousands_are_the_vendors_failures() {
        for code in ["5000", "5001", "5002", "5003", "4070", "7", "x"] {
            assert_eq!(kind("TR-09", code), ErrorKind::VendorFailure, "{code}");
        }
    }
}
