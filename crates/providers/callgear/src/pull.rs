//! Walking the list of scenario results.

use async_trait::async_trait;
use callweave_provider::{
    CallContext, Cursor, ErrorKind, Next, Page, Pull, Result, Walk, WindowCost,
};

use crate::{
    CallGear,
    error::error,
    list::{OPERATION, Row, age, rows},
    walk::{Position, RowKey, Sizes, Step},
};

/// The one stream of this vendor.
const STREAM: &str = "results";

#[async_trait]
impl Pull for CallGear {
    async fn streams(&self, _context: &CallContext<'_>) -> Result<Vec<String>> {
        Ok(vec![STREAM.to_owned()])
    }

    /// Results have no date, so a window is a walk over everything.
    async fn page(
        &self,
        context: &CallContext<'_>,
        _stream: &str,
        _walk: Walk,
        cursor: Option<&Cursor>,
    ) -> Result<Page> {
        let sizes = Sizes {
            page: self.settings.page_size,
            reread: self.settings.reread_rows,
        };
        let position = cursor
            .and_then(|cursor| Position::read(&cursor.0))
            .unwrap_or_else(|| Position::start(self.settings.start_base.unwrap_or(0)));
        let (position, mut listed) = self.listed(context, position, sizes).await?;
        for row in &mut listed {
            age(row, context.now, self.settings.refetch_days);
        }
        let keys: Vec<RowKey> = listed.iter().map(|row| row.key.clone()).collect();
        let next = match position.step(sizes, &keys) {
            Step::More(position) => Next::More(cursor_of(&position)?),
            Step::Done(position) => Next::Done {
                resume: cursor_of(&position)?,
            },
            Step::Unproved(position, reason) => Next::Unproved {
                resume: cursor_of(&position)?,
                reason: reason.to_owned(),
            },
        };
        Ok(Page {
            changes: listed.into_iter().map(|row| row.change).collect(),
            next,
            total_hint: None,
        })
    }

    fn window_cost(&self) -> WindowCost {
        WindowCost {
            // A result by id, and the parts that it may lack.
            requests_per_record: 4,
            lists_everything: true,
            charged: false,
        }
    }
}

impl CallGear {
    /// The rows at a position. A list whose vendor counts from 1 may refuse 0 or answer it with
    /// nothing; then, unless the settings say otherwise, it is asked from 1.
    async fn listed(
        &self,
        context: &CallContext<'_>,
        position: Position,
        sizes: Sizes,
    ) -> Result<(Position, Vec<Row>)> {
        let first_try = rows(&self.client, context, position.bounds(sizes), "").await;
        let may_count_from_one =
            position.is_fresh() && position.at == 0 && self.settings.start_base.is_none();
        let refused = match &first_try {
            Ok(found) => found.as_ref().is_none_or(|(rows, _)| rows.is_empty()),
            Err(error) => error.kind == ErrorKind::InvalidRequest,
        };
        if may_count_from_one && refused {
            let from_one = Position::start(1);
            let second_try = rows(&self.client, context, from_one.bounds(sizes), "").await;
            if let Ok(Some((rows, _))) = second_try
                && !rows.is_empty()
            {
                return Ok((from_one, rows));
            }
        }
        match first_try? {
            Some((rows, _)) => Ok((position, rows)),
            // Past the end of the list that is an empty page; at its beginning it says that
            // nothing is served here, which must not look like an empty account.
            None if position.is_fresh() => Err(error(OPERATION, ErrorKind::NotFound)),
            None => Ok((position, Vec::new())),
        }
    }
}

fn cursor_of(position: &Position) -> Result<Cursor> {
    serde_json::to_value(position)
        .map(Cursor)
        .map_err(|source| error(OPERATION, ErrorKind::BadResponse).with_source(source))
}
