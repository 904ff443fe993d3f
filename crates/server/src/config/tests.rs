#![expect(
    clippy::result_large_err,
    reason = "the jail wants the library's own error"
)]

use std::time::Duration;

use figment::Jail;
use secrecy::ExposeSecret as _;

use super::{LogFormat, Sources, load};

fn error(sources: &Sources) -> String {
    load(sources).unwrap_err().to_string()
}

#[test]
fn defaults_are_complete_and_fit() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        let config = load(&Sources::default()).unwrap();
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.data_dir.to_str(), Some("./callweave-data"));
        assert_eq!(config.sync.poll_interval, Duration::from_secs(60));
        assert_eq!(config.log.format, LogFormat::Auto);
        assert!(config.database.url.is_none());
        assert!(config.encryption.keys.is_none());
        Ok(())
    });
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_defaults() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        jail.create_file(
            "callweave.toml",
            "[server]\nlisten = \"0.0.0.0:1\"\nmax_requests = 7\n[egress]\nallow = [\"10.0.0.0/8\"]\n",
        )?;
        jail.set_env("CALLWEAVE__SERVER__LISTEN", "127.0.0.1:2");
        jail.set_env("CALLWEAVE__DATA_DIR", "12345");
        jail.set_env("CALLWEAVE__SYNC__POLL_INTERVAL", "1m 30s");
        let config = load(&Sources::default()).unwrap();
        assert_eq!(config.server.listen.port(), 2);
        assert_eq!(config.server.max_requests, 7);
        assert_eq!(config.egress.allow.len(), 1);
        assert_eq!(config.data_dir.to_str(), Some("12345"));
        assert_eq!(config.sync.poll_interval, Duration::from_secs(90));
        Ok(())
    });
}

#[test]
fn lists_may_be_one_text_with_commas() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        for text in ["127.0.0.0/8, ::1/128", "[\"127.0.0.0/8\", \"::1/128\"]"] {
            jail.set_env("CALLWEAVE__EGRESS__ALLOW", text);
            assert_eq!(load(&Sources::default()).unwrap().egress.allow.len(), 2);
        }
        jail.set_env("CALLWEAVE__EGRESS__ALLOW", "");
        assert!(load(&Sources::default()).unwrap().egress.allow.is_empty());
        Ok(())
    });
}

#[test]
fn keys_are_taken_as_they_are() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        let keys = "k2:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,k1:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB=";
        jail.set_env("CALLWEAVE__ENCRYPTION__KEYS", keys);
        let config = load(&Sources::default()).unwrap();
        assert_eq!(config.encryption.keys.unwrap().expose_secret(), keys);
        Ok(())
    });
}

#[test]
fn database_url_is_read_and_yields_to_our_own_name() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        jail.set_env("DATABASE_URL", "postgres://one/x");
        let url = |sources| load(sources).unwrap().database.url;
        let sources = Sources::default();
        assert_eq!(url(&sources).unwrap().expose_secret(), "postgres://one/x");
        jail.set_env("CALLWEAVE__DATABASE__URL", "postgres://two/x");
        assert_eq!(url(&sources).unwrap().expose_secret(), "postgres://two/x");
        jail.set_env("DATABASE_URL", "");
        jail.set_env("CALLWEAVE__DATABASE__URL", "");
        assert!(url(&sources).is_none());
        Ok(())
    });
}

#[test]
fn a_standby_needs_the_database_that_it_follows() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        jail.set_env("CALLWEAVE__DATABASE__READ_URL", "postgres://standby/x");
        assert!(error(&Sources::default()).contains("database.read_url"));
        jail.set_env("CALLWEAVE__DATABASE__URL", "postgres://primary/x");
        let database = load(&Sources::default()).unwrap().database;
        assert!(database.read_url.is_some());
        assert_eq!(database.read_wait, Duration::from_millis(200));
        Ok(())
    });
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        jail.set_env("CALLWEAVE__SERVER__LISTNE", "127.0.0.1:2");
        let text = error(&Sources::default());
        assert!(text.contains("server.listne"), "{text}");
        assert!(text.contains("CALLWEAVE__SERVER__LISTNE"), "{text}");
        jail.clear_env();
        jail.create_file("callweave.toml", "[sync]\nworker = 3\n")?;
        let text = error(&Sources::default());
        assert!(text.contains("sync.worker:"), "{text}");
        assert!(text.contains("callweave.toml"), "{text}");
        jail.create_file("callweave.toml", "[sink]\nworker = 3\n")?;
        let text = error(&Sources::default());
        assert!(text.contains("sink"), "{text}");
        Ok(())
    });
}

#[test]
fn a_value_that_does_not_fit_is_named_and_a_secret_is_not_repeated() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        jail.set_env("CALLWEAVE__SYNC__POLL_INTERVAL", "soon");
        let text = error(&Sources::default());
        assert!(
            text.contains("sync.poll_interval") && text.contains("soon"),
            "{text}"
        );
        jail.clear_env();
        jail.set_env("CALLWEAVE__ENCRYPTION__KEYS", "[hunter, two]");
        let text = error(&Sources::default());
        assert!(
            text.contains("encryption.keys") && !text.contains("hunter"),
            "{text}"
        );
        Ok(())
    });
}

#[test]
fn a_named_file_must_be_there() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        let sources = Sources {
            file: Some("missing.toml".into()),
            ..Sources::default()
        };
        assert!(error(&sources).contains("missing.toml"));
        Ok(())
    });
}
