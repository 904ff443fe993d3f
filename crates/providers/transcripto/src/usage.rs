//! The plan and what is left of it (TR-02), whose code is called `errorcode`.

use callweave_model::owned::{Resource, Usage};
use callweave_provider::{CallContext, Result, number::as_i64};

use crate::{
    Transcripto,
    client::Call,
    members::{Members, Rest},
    owned,
};

impl Transcripto {
    pub(crate) async fn plan(&self, context: &CallContext<'_>) -> Result<Usage> {
        let call = Call::get("TR-02", "/user/tariff");
        let fetched = self.client.fetch(context, call).await?;
        let mut answer = Members::of(owned::outer("TR-02", &fetched.body)?, "TR-02");
        answer.drop(&["success", "errorcode", "error_code", "message"]);
        let mut usage = Usage::default();
        let mut rest = Rest::default();
        if let Some(mut tariff) = answer.object("tariff") {
            self.read_tariff(&mut usage, &mut tariff, &mut rest);
            tariff.finish(&mut rest);
        }
        answer.finish(&mut rest);
        let of_tariff = |name: String| {
            name.strip_prefix("tariff.")
                .map_or(name.clone(), str::to_owned)
        };
        usage.extra = rest
            .extra
            .into_iter()
            .map(|(name, value)| (of_tariff(name), value))
            .collect();
        Ok(usage)
    }

    fn read_tariff(&self, usage: &mut Usage, tariff: &mut Members, rest: &mut Rest) {
        let zone = &self.settings.zone;
        usage.plan_remote_id = tariff.id("id");
        usage.plan_name = tariff.verbatim("name");
        usage.starts_at = tariff.instant("start_date", zone);
        usage.ends_at = tariff.instant("end_date", zone);
        usage.days_left = tariff.read("days_left", as_i64);
        resources(usage, tariff, rest);
        for name in tariff.names() {
            if let Some(feature) = name.strip_suffix("_enabled")
                && let Some(enabled) = tariff.boolean(&name)
            {
                usage.enabled.insert(feature.to_owned(), enabled);
            }
        }
        // Two members repeat what is left of two resources.
        for name in ["text_tokens", "image_tokens"] {
            let left = usage.resources.get(name).and_then(|known| known.remaining);
            if left.is_some() && tariff.peek_number(name) == left {
                tariff.drop(&[name]);
            }
        }
        if let Some(mut price) = tariff.object("price") {
            usage.price = price.text("value");
            usage.currency = price.text("currency");
            price.finish(rest);
        }
    }
}

/// The resources by their names without the word that each of the three lists puts before them.
fn resources(usage: &mut Usage, tariff: &mut Members, rest: &mut Rest) {
    type Set = fn(&mut Resource, f64);
    let lists: [(&str, &str, Set); 3] = [
        ("limits", "", |resource, number| {
            resource.limit = Some(number);
        }),
        ("remaining_resources", "available_", |resource, number| {
            resource.remaining = Some(number);
        }),
        ("usage", "used_", |resource, number| {
            resource.used = Some(number);
        }),
    ];
    for (list, before, set) in lists {
        let Some(mut numbers) = tariff.object(list) else {
            continue;
        };
        for name in numbers.names() {
            if let Some(resource) = name.strip_prefix(before)
                && let Some(number) = numbers.number(&name)
            {
                set(
                    usage.resources.entry(resource.to_owned()).or_default(),
                    number,
                );
            }
        }
        numbers.finish(rest);
    }
}
