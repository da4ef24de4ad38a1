//! Every sealed column of either database, and how the place of a value follows from its row. A test compares the lists
//! with the migrations, so that a new column cannot be forgotten when rows are sealed anew.

use lendport_core::{
    AttemptId, CheckoutId, DeliveryAttemptId, MerchantId, OperationId, ProviderAccountId, SigningKeyId,
    WebhookEndpointId,
};

use crate::codec::{StoredId, hex};

/// A column whose values are sealed.
pub(crate) struct SealedColumn {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    /// Table and column as they stand in the place, where those differ.
    pub(crate) place: (&'static str, &'static str),
    /// SQL for an id (a blob or a uuid, which may be null), and for a text: what the row is named by. The row is `t`.
    pub(crate) named_by: (&'static str, &'static str),
    /// SQL of a join that those need.
    pub(crate) join: &'static str,
    /// SQL for the number of a row by which SQLite walks over all of them. Where a join names the row, it is that of the joined
    /// one: nothing else finds the other by it.
    pub(crate) walked_by: &'static str,
    /// The name of the row.
    pub(crate) name: fn(&[u8], &str) -> Option<String>,
    /// False where the name of a row of the first format is not in the row: it stays until it is deleted.
    pub(crate) opens_format_1: bool,
}

const NO_TEXT: &str = "''";

impl SealedColumn {
    const fn of(table: &'static str, column: &'static str, name: fn(&[u8], &str) -> Option<String>) -> Self {
        let named_by = ("t.id", NO_TEXT);
        Self {
            table,
            column,
            place: (table, column),
            named_by,
            join: "",
            walked_by: "t.rowid",
            name,
            opens_format_1: true,
        }
    }
}

fn id<I: StoredId>(bytes: &[u8], _: &str) -> Option<String> {
    I::from_bytes(bytes).map(|id| id.to_string())
}

fn push(attempt: &[u8], received_at: &str) -> Option<String> {
    Some(format!("{}/{received_at}", AttemptId::from_bytes(attempt)?))
}

fn digest(bytes: &[u8], _: &str) -> Option<String> {
    Some(hex(bytes))
}

fn key(merchant: &[u8], rest: &str) -> Option<String> {
    Some(format!("{}/{rest}", MerchantId::from_bytes(merchant)?))
}

/// Those of SQLite. The row's key is its `rowid`.
pub(crate) const SQLITE: &[SealedColumn] = &[
    SealedColumn::of("provider_accounts", "settings", id::<ProviderAccountId>),
    SealedColumn::of("signing_keys", "seed", id::<SigningKeyId>),
    SealedColumn::of("webhook_endpoints", "secrets", id::<WebhookEndpointId>),
    SealedColumn {
        place: ("webhook_endpoints", "url"),
        named_by: ("t.endpoint", NO_TEXT),
        ..SealedColumn::of("webhook_urls", "url", id::<WebhookEndpointId>)
    },
    SealedColumn::of("checkouts", "personal", id::<CheckoutId>),
    SealedColumn::of("operations", "shipment", id::<OperationId>),
    SealedColumn {
        named_by: ("t.attempt", "CAST(t.received_at AS TEXT)"),
        ..SealedColumn::of("pushes", "message", push)
    },
    SealedColumn {
        place: ("idempotency", "body"),
        named_by: ("i.name", NO_TEXT),
        join: "JOIN idempotency i ON i.answer = t.pk",
        walked_by: "i.pk",
        opens_format_1: false,
        ..SealedColumn::of("answers", "body", digest)
    },
    SealedColumn::of("delivery_attempts", "response", id::<DeliveryAttemptId>),
];

/// Those of PostgreSQL.
pub(crate) const POSTGRES: &[SealedColumn] = &[
    SealedColumn::of("provider_accounts", "settings", id::<ProviderAccountId>),
    SealedColumn::of("signing_keys", "seed", id::<SigningKeyId>),
    SealedColumn::of("webhook_endpoints", "secrets", id::<WebhookEndpointId>),
    SealedColumn {
        place: ("webhook_endpoints", "url"),
        named_by: ("t.endpoint", NO_TEXT),
        ..SealedColumn::of("webhook_urls", "url", id::<WebhookEndpointId>)
    },
    SealedColumn::of("checkouts", "personal", id::<CheckoutId>),
    SealedColumn::of("operations", "shipment", id::<OperationId>),
    SealedColumn {
        named_by: ("t.attempt", "(extract(epoch FROM t.received_at) * 1000000)::bigint::text"),
        ..SealedColumn::of("pushes", "body", push)
    },
    SealedColumn {
        named_by: ("n.merchant", "n.mode || '/' || t.route || '/' || t.key"),
        join: "JOIN tenants n ON n.pk = t.tenant",
        ..SealedColumn::of("idempotency", "body", key)
    },
    SealedColumn::of("delivery_attempts", "response", id::<DeliveryAttemptId>),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Columns whose line in a migration says "sealed". The word that proves the key is not among the rest: it is sealed
    /// anew when all others are.
    fn commented(folder: &str) -> BTreeSet<(String, String)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut found = BTreeSet::new();
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let mut table = String::new();
            for line in text.lines() {
                let words: Vec<&str> = line.split_whitespace().collect();
                if let ["CREATE", "TABLE", name, ..] | ["ALTER", "TABLE", name, ..] = words[..] {
                    table = name.trim_start_matches("new_").to_owned();
                }
                let Some((code, comment)) = line.split_once("--") else { continue };
                let mut code = code.split_whitespace();
                let column = match code.next() {
                    Some("ALTER") => code.nth(4),
                    column => column,
                };
                if let Some(column) = column.filter(|_| comment.trim_start().starts_with("sealed")) {
                    found.insert((table.clone(), column.to_owned()));
                }
            }
        }
        found
    }

    #[test]
    fn every_sealed_column_of_the_migrations_is_sealed_anew() {
        for (folder, columns) in [("src/sqlite/migrations", SQLITE), ("src/postgres/migrations", POSTGRES)] {
            let listed: BTreeSet<_> =
                columns.iter().map(|sealed| (sealed.table.to_owned(), sealed.column.to_owned())).collect();
            assert_eq!(listed, commented(folder), "{folder}");
        }
    }
}
