//! Phones as an installation of the vendor wants them.

use callweave_model::phone::to_e164;

/// How phones are written to the vendor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// `+99990001122`, as in the vendor's example.
    #[default]
    E164,
    /// `99990001122`.
    Digits,
    /// Without the country code.
    National,
}

/// Writes phones for one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Phones {
    pub(crate) form: Form,
    /// The country code that national numbers lack, digits only.
    pub(crate) country: Option<String>,
}

impl Phones {
    /// The phone as the vendor wants it, or why it cannot be written so.
    pub(crate) fn write(&self, raw: &str) -> Result<String, String> {
        let international = self.international(raw).ok_or_else(|| {
            "must be a phone number with its country code, e.g. +99990001122".to_owned()
        })?;
        let digits = international.trim_start_matches('+');
        match self.form {
            Form::Digits => Ok(digits.to_owned()),
            Form::E164 => Ok(international),
            Form::National => {
                let country = self.country.as_deref().unwrap_or_default();
                let national = digits.strip_prefix(country).map(str::to_owned);
                national.ok_or_else(|| {
                    format!("must be a number of country {country}: this connection leaves it out")
                })
            }
        }
    }

    /// The number with its country. A number without one is of the country that the settings
    /// name, and of none where they name none.
    pub(crate) fn international(&self, raw: &str) -> Option<String> {
        let country = self.country.as_deref();
        to_e164(raw).or_else(|| {
            let digits: String = raw.chars().filter(char::is_ascii_digit).collect();
            let national = digits.trim_start_matches('0');
            let plain = raw
                .trim()
                .chars()
                .all(|character| character.is_ascii_digit() || " -().\u{a0}".contains(character));
            let fits = plain && (7..=10).contains(&national.len());
            to_e164(&format!("+{}{national}", country.filter(|_| fits)?))
        })
    }
}

/// Two spellings of one number, as far as they can be told apart: one may lack its country.
pub(crate) fn same(one: &str, other: &str) -> bool {
    if let (Some(one), Some(other)) = (to_e164(one), to_e164(other)) {
        return one == other;
    }
    let digits = |text: &str| -> String {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        digits.trim_start_matches('0').to_owned()
    };
    let (one, other) = (digits(one), digits(other));
    let (short, long) = if one.len() < other.len() {
        (one, other)
    } else {
        (other, one)
    };
    short.len() >= 7 && long.ends_with(&short)
}

#[cfg(test)]
mod tests {
    use super::{Form, Phones, same};

    fn phones(form: Form, country: Option<&str>) -> Phones {
        Phones {
            form,
            country: country.map(str::to_owned),
        }
    }

    #[test]
    fn trap_n08_a_phone_is_written_as_the_connection_wants_it() {
        for raw in ["+7 999 000-11-22", "89990001122", "79990001122"] {
            let write = |form| phones(form, Some("7")).write(raw).unwrap();
            assert_eq!(write(Form::E164), "+79990001122", "{raw}");
            assert_eq!(write(Form::Digits), "79990001122", "{raw}");
            assert_eq!(write(Form::National), "9990001122", "{raw}");
        }
        assert_eq!(Phones::default().form, Form::E164, "the document's example");
    }

    #[test]
    fn a_number_without_a_country_is_of_the_one_that_the_settings_name() {
        let national = "90 000-12-34";
        let with = phones(Form::E164, Some("998"));
        assert_eq!(with.write(national).unwrap(), "+998900001234");
        assert!(phones(Form::E164, None).write(national).is_err());
        let foreign = phones(Form::National, Some("998")).write("+79990001122");
        assert!(foreign.unwrap_err().contains("998"));
    }

    #[test]
    fn what_is_no_phone_is_refused() {
        for raw in [
            "",
            "anna",
            "112",
            "+0123456789",
            "+7999000112233445566",
            "+7 999 CALL",
        ] {
            assert!(phones(Form::E164, Some("7")).write(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn spellings_of_one_number_meet() {
        assert!(same("+79990001122", "9990001122"));
        assert!(same("89990001122", "+7 999 000-11-22"));
        assert!(same("+998900001234", "900001234"));
        assert!(!same("+79990001122", "+79990001123"));
        assert!(!same("22", "+79990001122"));
    }
}
