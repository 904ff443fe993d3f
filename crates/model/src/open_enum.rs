//! Enums that a vendor may outgrow: unknown text is `Other`, never an error and never a success.

/// Declares an open enum with its wire words; `Other` and its word `other` are added.
macro_rules! open_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vmeta])* #[doc = concat!("`", $word, "`")] $variant,)+
            /// A value this version has no word for; the vendor's own stands in `vendor_values`.
            Other,
        }

        impl $name {
            /// Every word of this enum, `other` last.
            pub const WORDS: &'static [&'static str] = &[$($word,)+ "other"];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ Self::Other => "other" }
            }

            /// Reads one of our own words; anything else is `Other`.
            pub fn from_word(word: &str) -> Self {
                match word { $($word => Self::$variant,)+ _ => Self::Other }
            }

            /// Reads one of our own words; anything else is `None` (for strict input).
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ "other" => Some(Self::Other), _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Ok(Self::from_word(&word))
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some(concat!(
                        "Open enum: one of ", $("`", $word, "`, ",)+ "`other`. New words may be added."
                    )))
                    .pattern(Some("^[a-z][a-z0-9_]{0,63}$"))
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {}
    };
}

pub(crate) use open_enum;
