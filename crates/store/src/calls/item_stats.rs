//! Figures about the items of rubrics. What calls were judged by lies in their packed analyses, so
//! these are counted here, over so many of the newest calls that a filter matches.

use std::collections::BTreeMap;

use callweave_model::enums::ItemResult;
use futures::TryStreamExt as _;
use serde::Deserialize;
use sqlx::{Postgres, QueryBuilder};

use super::CallFilter;
use crate::{Result, TenantTx, convert};

/// How one item of a rubric was answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemFigures {
    /// The vendor's key.
    pub vendor: String,
    /// The vendor's id of the rubric, where it tells one.
    pub rubric_remote_id: Option<String>,
    /// The name of the rubric, as the newest call has it.
    pub rubric_name: String,
    /// The vendor's id of the item, where it tells one.
    pub remote_id: Option<String>,
    /// The wording of the item, as the newest call has it.
    pub label: String,
    /// The group it stands in.
    pub group: Option<String>,
    /// How often it was answered.
    pub answers: i64,
    /// Of them that it was met.
    pub met: i64,
    /// Of them that it was not.
    pub not_met: i64,
    /// Of them that it was met in part.
    pub partial: i64,
    /// Of them that it did not apply.
    pub not_applicable: i64,
    /// The sum of the points, where there were points.
    pub points: Option<f64>,
    /// The sum of the points that there could have been, of those answers that have points.
    pub points_max: Option<f64>,
}

/// The figures of all items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemStats {
    /// The items, those with the most answers first.
    pub items: Vec<ItemFigures>,
    /// How many calls were looked at.
    pub calls: i64,
    /// Whether these are all that the filter matches.
    pub complete: bool,
}

/// Of an analysis only what is counted is read.
#[derive(Deserialize)]
struct Run {
    scorecards: Vec<Card>,
}

#[derive(Deserialize)]
struct Card {
    rubric_remote_id: Option<String>,
    rubric_name: String,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    remote_id: Option<String>,
    label: String,
    group: Option<String>,
    result: ItemResult,
    points: Option<f64>,
    points_max: Option<f64>,
}

/// An item is the same by the vendor's ids; where there is none, by its words.
type Key = (String, String, String);

impl TenantTx {
    /// Counts how the items of rubrics were answered in the newest `most` calls that a filter matches.
    pub async fn item_figures(&mut self, filter: &CallFilter, most: u32) -> Result<ItemStats> {
        let mut query: QueryBuilder<Postgres> = QueryBuilder::new(
            "SELECT call.vendor, document.analyses FROM calls AS call \
             JOIN call_documents AS document ON document.tenant_id = call.tenant_id \
                 AND document.call_id = call.id AND document.sort_at = call.sort_at \
             WHERE call.tenant_id = ",
        );
        query.push_bind(self.tenant().0);
        filter.push(&mut query);
        query
            .push(" ORDER BY call.sort_at DESC, call.id DESC LIMIT ")
            .push_bind(i64::from(most) + 1);
        let mut stats = ItemStats {
            complete: true,
            ..ItemStats::default()
        };
        let mut items: BTreeMap<Key, ItemFigures> = BTreeMap::new();
        let mut rows = query.build_query_as().fetch(self.executor());
        while let Some(row) = rows.try_next().await? {
            let (vendor, packed): (String, Vec<u8>) = row;
            if stats.calls == i64::from(most) {
                stats.complete = false;
                break;
            }
            stats.calls += 1;
            let runs: Vec<Run> = convert::unpack("call_documents", &packed)?;
            for card in runs.into_iter().flat_map(|run| run.scorecards) {
                count_card(&mut items, &vendor, card);
            }
            if stats.calls % 64 == 0 {
                // Unpacking holds the thread; others wait for it.
                tokio::task::yield_now().await;
            }
        }
        drop(rows);
        stats.items = items.into_values().collect();
        stats
            .items
            .sort_by_key(|item| std::cmp::Reverse(item.answers));
        Ok(stats)
    }
}

fn count_card(items: &mut BTreeMap<Key, ItemFigures>, vendor: &str, card: Card) {
    for item in card.items {
        let rubric = card.rubric_remote_id.as_ref().unwrap_or(&card.rubric_name);
        let name = item.remote_id.as_ref().unwrap_or(&item.label);
        let key = (vendor.to_owned(), rubric.clone(), name.clone());
        let figures = items.entry(key).or_insert_with(|| ItemFigures {
            vendor: vendor.to_owned(),
            rubric_remote_id: card.rubric_remote_id.clone(),
            rubric_name: card.rubric_name.clone(),
            remote_id: item.remote_id.clone(),
            label: item.label.clone(),
            group: item.group.clone(),
            ..ItemFigures::default()
        });
        figures.answers += 1;
        match item.result {
            ItemResult::Met => figures.met += 1,
            ItemResult::NotMet => figures.not_met += 1,
            ItemResult::Partial => figures.partial += 1,
            ItemResult::NotApplicable => figures.not_applicable += 1,
            _ => {}
        }
        if let Some(points) = item.points {
            *figures.points.get_or_insert(0.0) += points;
            if let Some(most) = item.points_max {
                *figures.points_max.get_or_insert(0.0) += most;
            }
        }
    }
}
