//! Addresses: percent-encoding of path segments and query values.

/// A path segment or query value with everything but unreserved characters encoded, so that an id
/// of a vendor can never leave its place in the address.
pub fn encode(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for nibble in [byte >> 4, byte & 15] {
                let digit = DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
                encoded.push(char::from(digit));
            }
        }
    }
    encoded
}

/// A query string without the question mark, in the order given.
pub fn query(pairs: &[(&str, &str)]) -> String {
    let encoded: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    encoded.join("&")
}

#[cfg(test)]
mod tests {
    use super::{encode, query};

    #[test]
    fn an_id_cannot_leave_its_place() {
        assert_eq!(encode("../a b?x=1&y#é"), "..%2Fa%20b%3Fx%3D1%26y%23%C3%A9");
        assert_eq!(
            query(&[("type", "json"), ("q", "a&b")]),
            "type=json&q=a%26b"
        );
    }
}
