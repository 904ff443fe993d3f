//! What of an OpenAPI document a later one no longer keeps.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Which way a value goes: callers send inputs, and read outputs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    In,
    Out,
}

/// Two documents.
pub(super) struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    breaks: BTreeSet<String>,
    met: BTreeSet<(String, String, Way)>,
}

/// Every promise of the old document that the new one breaks, as a line.
pub(super) fn breaks(old: &Value, new: &Value) -> BTreeSet<String> {
    let mut comparison = Comparison {
        old,
        new,
        breaks: BTreeSet::new(),
        met: BTreeSet::new(),
    };
    for (path, methods) in members(&old["paths"]) {
        for (method, operation) in members(methods) {
            if method == "parameters" {
                continue;
            }
            let place = format!("{} {path}", method.to_uppercase());
            match new["paths"][path].get(method) {
                None => comparison.say(&place, "is gone"),
                Some(now) => comparison.operation(&place, operation, now),
            }
        }
    }
    comparison.breaks
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn words(value: &Value) -> BTreeSet<&str> {
    match value {
        Value::String(word) => BTreeSet::from([word.as_str()]),
        other => items(other).iter().filter_map(Value::as_str).collect(),
    }
}

/// The types of a schema; whole numbers are numbers.
fn types(schema: &Value) -> BTreeSet<&str> {
    words(&schema["type"])
}

impl Comparison<'_> {
    fn say(&mut self, place: &str, what: &str) {
        self.breaks.insert(format!("{place}: {what}"));
    }

    fn operation(&mut self, place: &str, old: &Value, new: &Value) {
        self.scopes(place, old, new);
        self.parameters(place, old, new);
        let (before, now) = (&old["requestBody"], &new["requestBody"]);
        if now["required"] == true && before["required"] != true {
            self.say(place, "needs a body");
        }
        self.contents(place, "body", &before["content"], &now["content"], Way::In);
        for (status, answer) in members(&old["responses"]) {
            if !status.starts_with('2') {
                continue;
            }
            let Some(now) = new["responses"].get(status) else {
                self.say(place, &format!("answers no {status}"));
                continue;
            };
            self.contents(place, status, &answer["content"], &now["content"], Way::Out);
        }
    }

    fn scopes(&mut self, place: &str, old: &Value, new: &Value) {
        let of = |operation: &Value| -> BTreeSet<String> {
            let all = items(&operation["security"]).iter();
            let scopes = all.flat_map(|way| members(way).flat_map(|(_, scopes)| items(scopes)));
            scopes
                .filter_map(|scope| Some(scope.as_str()?.to_owned()))
                .collect()
        };
        for scope in of(new).difference(&of(old)) {
            self.say(place, &format!("needs the scope {scope}"));
        }
    }

    fn parameters(&mut self, place: &str, old: &Value, new: &Value) {
        let find = |list: &Value, wanted: &Value| {
            let same =
                |known: &&Value| known["name"] == wanted["name"] && known["in"] == wanted["in"];
            items(list).iter().find(same).cloned()
        };
        for parameter in items(&old["parameters"]) {
            let name = format!(
                "{place} ?{}",
                parameter["name"].as_str().unwrap_or_default()
            );
            match find(&new["parameters"], parameter) {
                None => self.say(&name, "is gone"),
                Some(now) => self.schema(&name, &parameter["schema"], &now["schema"], Way::In),
            }
        }
        for parameter in items(&new["parameters"]) {
            let before = find(&old["parameters"], parameter);
            let was_needed = before.is_some_and(|before| before["required"] == true);
            if parameter["required"] == true && !was_needed {
                let name = parameter["name"].as_str().unwrap_or_default();
                self.say(place, &format!("needs ?{name}"));
            }
        }
    }

    fn contents(&mut self, place: &str, what: &str, old: &Value, new: &Value, way: Way) {
        for (kind, content) in members(old) {
            let place = format!("{place} {what} {kind}");
            match new.get(kind) {
                None => self.say(&place, "is gone"),
                Some(now) => self.schema(&place, &content["schema"], &now["schema"], way),
            }
        }
    }

    fn schema(&mut self, place: &str, old: &Value, new: &Value, way: Way) {
        let (old_name, old) = resolve(self.old, old);
        let (new_name, new) = resolve(self.new, new);
        // What a name stands for is compared once; the first place that leads there is told.
        if let (Some(old_name), Some(new_name)) = (old_name, new_name)
            && !self
                .met
                .insert((old_name.to_owned(), new_name.to_owned(), way))
        {
            return;
        }
        self.types_and_words(place, old, new, way);
        self.object(place, old, new, way);
        if old.get("items").is_some() {
            self.schema(&format!("{place}[]"), &old["items"], &new["items"], way);
        }
        for choice in ["oneOf", "anyOf", "allOf"] {
            for (number, part) in items(&old[choice]).iter().enumerate() {
                match items(&new[choice]).get(number) {
                    None => self.say(place, &format!("has fewer forms ({choice})")),
                    Some(now) => self.schema(place, part, now, way),
                }
            }
        }
    }

    fn types_and_words(&mut self, place: &str, old: &Value, new: &Value, way: Way) {
        let (before, now) = (types(old), types(new));
        let lost = match way {
            // Fewer types are taken, or others are given.
            Way::In => !now.is_empty() && !before.is_subset(&now),
            Way::Out => !before.is_empty() && (now.is_empty() || !now.is_subset(&before)),
        };
        if lost {
            self.say(
                place,
                &format!("changes its type from {before:?} to {now:?}"),
            );
        }
        // Words that an answer may hold grow without notice: clients are told so.
        if way == Way::In && new.get("enum").is_some() {
            let (before, now) = (words(&old["enum"]), words(&new["enum"]));
            if before.is_empty() {
                self.say(place, "takes only some words");
            }
            for word in before.difference(&now) {
                self.say(place, &format!("no longer takes {word}"));
            }
        }
    }

    fn object(&mut self, place: &str, old: &Value, new: &Value, way: Way) {
        let (before, now) = (words(&old["required"]), words(&new["required"]));
        let empty = Map::new();
        let known = new["properties"].as_object().unwrap_or(&empty);
        for (name, member) in members(&old["properties"]) {
            let place = format!("{place}.{name}");
            match known.get(name) {
                None => self.say(&place, "is gone"),
                Some(now) => self.schema(&place, member, now, way),
            }
        }
        match way {
            Way::In => {
                for name in now.difference(&before) {
                    self.say(&format!("{place}.{name}"), "is needed");
                }
            }
            Way::Out => {
                for name in before
                    .difference(&now)
                    .filter(|name| known.contains_key(**name))
                {
                    self.say(&format!("{place}.{name}"), "may be missing");
                }
            }
        }
    }
}

/// A schema behind its name.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> (Option<&'a str>, &'a Value) {
    let Some(name) = schema["$ref"].as_str() else {
        return (None, schema);
    };
    let found = name
        .strip_prefix('#')
        .and_then(|pointer| document.pointer(pointer));
    (Some(name), found.unwrap_or(&Value::Null))
}
