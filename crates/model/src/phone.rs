//! Phones: E.164 beside the original.

/// The E.164 form of a phone as vendors write it, or `None` when it cannot be told for sure.
///
/// A leading `+` or `00` marks an international number. Eleven digits that begin with `8` are the
/// Russian trunk form of `+7`; 11 to 15 other digits are taken as international without the plus.
/// Shorter numbers have no country and stay as they are.
pub fn to_e164(raw: &str) -> Option<String> {
    let trimmed = raw.trim();
    let allowed =
        |character: char| character.is_ascii_digit() || " +-().\u{a0}".contains(character);
    if !trimmed.chars().all(allowed) || trimmed.chars().skip(1).any(|character| character == '+') {
        return None;
    }
    let digits: String = trimmed.chars().filter(char::is_ascii_digit).collect();
    let international = match (trimmed.starts_with('+'), digits.strip_prefix("00")) {
        (true, _) => digits,
        (false, Some(rest)) => rest.to_owned(),
        (false, None) if digits.len() == 11 && digits.starts_with('8') => {
            format!("7{}", digits.get(1..)?)
        }
        (false, None) if digits.len() >= 11 => digits,
        (false, None) => return None,
    };
    let length_fits = (7..=15).contains(&international.len());
    (length_fits && !international.starts_with('0')).then(|| format!("+{international}"))
}

#[cfg(test)]
mod tests {
    use super::to_e164;

    #[test]
    fn vendor_spellings_of_one_number_meet() {
        for raw in [
            "+7 999 000-11-22",
            "79990001122",
            "89990001122",
            "007 (999) 000.11.22",
        ] {
            assert_eq!(to_e164(raw).as_deref(), Some("+79990001122"), "{raw}");
        }
    }

    #[test]
    fn what_is_no_full_number_stays_unknown() {
        for raw in [
            "",
            "101",
            "9990001122",
            "anonymous",
            "+",
            "12+34567890123",
            "+0123456789",
        ] {
            assert_eq!(to_e164(raw), None, "{raw}");
        }
    }
}
