//! Who is measured.

use clap::ValueEnum;

/// Which databases a run uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Databases {
    /// One file.
    Sqlite,
    /// A throwaway server.
    Postgres,
    /// One after the other.
    Both,
}

impl Databases {
    /// Those to use, in the order of the tables.
    pub(crate) fn each(self) -> &'static [Database] {
        match self {
            Self::Sqlite => &[Database::Sqlite],
            Self::Postgres => &[Database::Postgres],
            Self::Both => &[Database::Sqlite, Database::Postgres],
        }
    }
}

/// A database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Database {
    /// One file.
    Sqlite,
    /// A server of its own process.
    Postgres,
}

impl Database {
    /// For tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// For names of files and databases.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// Who is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// The upstream itself: what a call costs with nobody between.
    Direct,
    /// Bare axum and the upstream call.
    Floor,
    /// The same with the least correct durable work.
    DurableFloor(Database),
    /// The gateway with so many checkouts stored.
    Gateway(Database, u64),
    /// Two gateways on one database with so many checkouts stored.
    Pair(u64),
}

impl Subject {
    /// For tables.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Direct => "upstream alone".to_owned(),
            Self::Floor => "floor, nothing stored".to_owned(),
            Self::DurableFloor(database) => format!("floor, {}", database.name()),
            Self::Gateway(database, stored) => format!("gateway, {}, {} stored", database.name(), short(stored)),
            Self::Pair(stored) => {
                format!("two gateways, {}, {} stored", Database::Postgres.name(), short(stored))
            }
        }
    }

    /// The database, where there is one.
    pub(crate) fn database(self) -> Option<Database> {
        match self {
            Self::Direct | Self::Floor => None,
            Self::DurableFloor(database) | Self::Gateway(database, _) => Some(database),
            Self::Pair(_) => Some(Database::Postgres),
        }
    }

    /// Checkouts in its database before it starts; none for floors.
    pub(crate) fn stored(self) -> Option<u64> {
        match self {
            Self::Gateway(_, stored) | Self::Pair(stored) => Some(stored),
            Self::Direct | Self::Floor | Self::DurableFloor(_) => None,
        }
    }
}

/// `1e5` for a power of ten, else the digits.
pub(crate) fn short(number: u64) -> String {
    let digits = number.to_string();
    let zeros = digits.bytes().skip(1).filter(|byte| *byte == b'0').count();
    let is_power = digits.starts_with('1') && zeros + 1 == digits.len() && zeros >= 3;
    if is_power { format!("1e{zeros}") } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_short() {
        assert_eq!(
            [1_000, 1_000_000, 100, 1_500, 2_000].map(short),
            ["1e3", "1e6", "100", "1500", "2000"].map(str::to_owned)
        );
        assert_eq!(Subject::Gateway(Database::Sqlite, 1_000).name(), "gateway, SQLite, 1e3 stored");
    }
}
