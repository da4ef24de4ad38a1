//! The domain seen from outside: what `reduce` does and may never do, and readers that no text upsets.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod cascade_table;
mod command_states_table;
mod details_table;
mod lines_table;
mod never_panics;
mod reducer_properties;
mod reducer_table;
mod routing_checks;
mod routing_many;
mod routing_rules;
mod ruling_properties;
mod step_table;
mod watching;
mod world;
