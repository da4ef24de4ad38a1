//! A disk without room. A server of the tests cannot have one of its own without being root, so triggers refuse as the
//! server would: what stores or changes a checkout, and what makes a new file.

use super::Cluster;

const RUNS_OUT: &str = "
    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON checkouts FOR EACH STATEMENT EXECUTE FUNCTION no_room();
    CREATE FUNCTION no_room_for_a_file() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'could not create file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
    CREATE EVENT TRIGGER no_room_for_a_file ON ddl_command_start EXECUTE FUNCTION no_room_for_a_file();";

const IS_CLEARED: &str = "DROP EVENT TRIGGER no_room_for_a_file; DROP TRIGGER no_room ON checkouts;
    DROP FUNCTION no_room(), no_room_for_a_file();";

impl Cluster {
    /// From now on this database behaves as on a disk that is full.
    ///
    /// # Panics
    /// When it does so already, or has no checkouts.
    pub fn run_out_of_room(&self, database: &str) {
        self.psql(database, RUNS_OUT);
    }

    /// Somebody made room.
    ///
    /// # Panics
    /// When there was room.
    pub fn make_room(&self, database: &str) {
        self.psql(database, IS_CLEARED);
    }
}
