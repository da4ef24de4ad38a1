//! A PostgreSQL of one's own, made from the installed binaries, on a free port, and gone with the test process.
//!
//! A test that needs one and finds no binaries fails; it does not skip.

#![expect(clippy::panic, reason = "a test without its database fails")]

mod copied;
mod full_disk;

use std::fs::{self, File};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// How often a start or a stop is looked at, and how many times at most: a minute and a half on a slow machine.
const LOOK_EVERY: Duration = Duration::from_millis(15);
const LOOKS: u32 = 6_000;
/// Another process may take a free port first.
const PORTS_TRIED: u32 = 10;
/// Ports below the ones that the system gives away are looked at so often, from this one on.
const PORTS_LOOKED_AT: u32 = 100;
const LOWEST_PORT: u16 = 15_000;
/// The role the tests are.
const ROLE: &str = "lendport";

/// Waits for the word how to stop. When its input ends without one, the test process is dead: nobody else would stop
/// the server or delete its files.
const KEEPER: &str = r#"
data="$1"; shift
"$@" </dev/null &
server=$!
if read -r how; then
    kill "-$how" "$server" 2>/dev/null
    wait "$server"
else
    kill -QUIT "$server" 2>/dev/null
    wait "$server"
    rm -rf "$data"
fi
"#;

/// How a server is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Ends every session and writes everything down, as an orderly restart does.
    Fast,
    /// Drops everything where it stands, as a crash does; what was committed is recovered at the next start.
    Immediate,
}

/// One server with a data directory of its own.
#[derive(Debug)]
pub struct Cluster {
    binaries: PathBuf,
    folder: TempDir,
    settings: Vec<String>,
    owner: Option<(u32, u32)>,
    running: Mutex<Option<(Child, u16)>>,
    port: Mutex<u16>,
    databases: AtomicU32,
}

impl Cluster {
    /// The server that all tests of this process share; each makes databases of its own in it.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&["fsync=off", "full_page_writes=off"]))
    }

    /// Makes and starts a server with these settings on top, such as `fsync=off` where no test needs a real disk.
    ///
    /// # Panics
    /// When PostgreSQL is not installed, or does not start.
    pub fn start(settings: &[&str]) -> Self {
        Self::start_with(settings, &[])
    }

    /// The same with these files, by name and text, in its data directory, where nobody else reads them.
    ///
    /// # Panics
    /// As [`Cluster::start`].
    pub fn start_with(settings: &[&str], files: &[(&str, &str)]) -> Self {
        let binaries = binaries();
        let folder = TempDir::with_prefix("lendport-postgres-").unwrap_or_else(|error| panic!("no folder: {error}"));
        // PostgreSQL refuses to run as root.
        let owner = is_root().then(|| (number(&["-u", "nobody"]), number(&["-g", "nobody"])));
        if let Some((user, group)) = owner {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group))
                .unwrap_or_else(|error| panic!("the folder cannot be given away: {error}"));
        }
        let cluster = Self {
            binaries,
            folder,
            settings: settings.iter().map(|setting| (*setting).to_owned()).collect(),
            owner,
            running: Mutex::new(None),
            port: Mutex::new(0),
            databases: AtomicU32::new(0),
        };
        let mut initdb = cluster.command("initdb");
        initdb.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", "--username", ROLE, "-D"]);
        run(initdb.arg(cluster.data()));
        for (name, text) in files {
            cluster.put(name, text).unwrap_or_else(|error| panic!("{name} cannot be written: {error}"));
        }
        cluster.start_again();
        cluster
    }

    /// Starts the server after [`Cluster::stop`], on the port it had where that is still free.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_again(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(running.is_none(), "the server runs already");
        let known = *self.port.lock().unwrap_or_else(PoisonError::into_inner);
        for attempt in 0..PORTS_TRIED {
            let port = if known != 0 && attempt == 0 { known } else { free_port() };
            // The last words of an earlier run stand above.
            let said = self.log().len();
            let mut child = self.spawn(port);
            if self.becomes_ready(&mut child, said) {
                *self.port.lock().unwrap_or_else(PoisonError::into_inner) = port;
                *running = Some((child, port));
                return;
            }
        }
        panic!("PostgreSQL does not start:\n{}", self.log());
    }

    fn put(&self, name: &str, text: &str) -> io::Result<()> {
        let path = self.data().join(name);
        File::options().create(true).truncate(true).write(true).mode(0o600).open(&path)?.write_all(text.as_bytes())?;
        let (user, group) = self.owner.unzip();
        std::os::unix::fs::chown(path, user, group)
    }

    fn spawn(&self, port: u16) -> Child {
        let log = self.folder.path().join("log");
        let log = File::options().create(true).append(true).open(log).unwrap_or_else(|error| panic!("{error}"));
        let mut keeper = self.as_owner(Command::new("sh"));
        keeper.args(["-c", KEEPER, "keeper"]).arg(self.folder.path()).arg(self.binaries.join("postgres"));
        keeper.arg("-D").arg(self.data());
        let port = format!("port={port}");
        let fixed = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", &port];
        for setting in fixed.into_iter().chain(self.settings.iter().map(String::as_str)) {
            keeper.args(["-c", setting]);
        }
        let errors = log.try_clone().unwrap_or_else(|error| panic!("{error}"));
        // What a terminal sends to the tests must not reach the server: its keeper sees to it.
        keeper.process_group(0).stdin(Stdio::piped()).stdout(log).stderr(errors);
        keeper.spawn().unwrap_or_else(|error| panic!("sh does not start: {error}"))
    }

    /// The server says so itself, in the eighth line of its file.
    fn becomes_ready(&self, child: &mut Child, said: usize) -> bool {
        let file = self.data().join("postmaster.pid");
        for _ in 0..LOOKS {
            let text = fs::read_to_string(&file).unwrap_or_default();
            if text.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return true;
            }
            // Where the server is gone its keeper waits for a word that never comes.
            if self.has_given_up(said) || child.try_wait().is_ok_and(|ended| ended.is_some()) {
                break;
            }
            thread::sleep(LOOK_EVERY);
        }
        tell(child, Stop::Immediate);
        let _ = child.wait();
        false
    }

    fn has_given_up(&self, said: usize) -> bool {
        self.log()
            .get(said..)
            .and_then(|text| text.lines().last())
            .is_some_and(|line| line.contains("database system is shut down"))
            && !self.data().join("postmaster.pid").exists()
    }

    /// Stops the server and waits until it is gone. Nothing happens when it does not run.
    pub fn stop(&self, how: Stop) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((mut child, _)) = running {
            tell(&mut child, how);
            let _ = child.wait();
        }
    }

    /// Makes an empty database; answers its name.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn create_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// The address of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{ROLE}@127.0.0.1:{}/{database}?sslmode=disable", self.port())
    }

    fn port(&self) -> u16 {
        *self.port.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs statements as a person would; answers what they print, a row per line, columns with `|` between them.
    ///
    /// # Panics
    /// When one of them fails.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        let mut psql = self.command("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, "-d"]).arg(self.url(database));
        String::from_utf8_lossy(&run(&mut psql)).trim_end().to_owned()
    }

    /// Everything in a database, as text.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn dump(&self, database: &str) -> Vec<u8> {
        let mut dump = self.command("pg_dump");
        run(dump.arg("-d").arg(self.url(database)))
    }

    /// What the server wrote to its log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, binary: &str) -> Command {
        self.as_owner(Command::new(self.binaries.join(binary)))
    }

    fn as_owner(&self, mut command: Command) -> Command {
        if let Some((user, group)) = self.owner {
            command.gid(group).uid(user);
        }
        command.current_dir(self.folder.path()).env("LC_ALL", "C").env_remove("PGOPTIONS").env_remove("PGSSLMODE");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop(Stop::Immediate);
    }
}

fn tell(keeper: &mut Child, how: Stop) {
    let word: &[u8] = match how {
        Stop::Fast => b"INT\n",
        Stop::Immediate => b"QUIT\n",
    };
    if let Some(mut input) = keeper.stdin.take() {
        let _ = input.write_all(word);
    }
}

/// A free port that the system gives to nobody by itself: while the server is away, none of the many connections and
/// listeners of other tests gets it by chance. Where there is no such port, any that is free.
fn free_port() -> u16 {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let first_given_away: u16 = range.split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or(0);
    let is_free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let numbers = RandomState::new();
    let by_chance = (0..PORTS_LOOKED_AT).filter_map(|turn| {
        let room = u64::from(first_given_away.checked_sub(LOWEST_PORT).filter(|room| *room > 0)?);
        u16::try_from(u64::from(LOWEST_PORT) + numbers.hash_one(turn) % room).ok()
    });
    let listener = by_chance.filter_map(|port| is_free(port).ok()).next().map_or_else(|| is_free(0), Ok);
    let address = listener.and_then(|listener| listener.local_addr());
    address.unwrap_or_else(|error| panic!("no port: {error}")).port()
}

fn is_root() -> bool {
    number(&["-u"]) == 0
}

/// A number that `id` prints.
fn number(arguments: &[&str]) -> u32 {
    let output = run(Command::new("id").args(arguments));
    String::from_utf8_lossy(&output).trim().parse().unwrap_or_else(|_| panic!("id {arguments:?} gives no number"))
}

/// What a command prints; a panic with what it complains about when it fails.
fn run(command: &mut Command) -> Vec<u8> {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Where `initdb` is: on the PATH, where `pg_config` says, or where Debian puts it, the newest first.
fn binaries() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        places.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut versions: Vec<PathBuf> = versions.collect();
    let age = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    versions.sort_by_key(|path| std::cmp::Reverse(age(path)));
    places.extend(versions.into_iter().map(|version| version.join("bin")));
    let whole = |place: &Path| ["initdb", "postgres", "psql", "pg_dump"].iter().all(|name| place.join(name).exists());
    places.into_iter().find(|place| whole(place)).unwrap_or_else(|| {
        panic!("PostgreSQL is not installed: `apt-get install postgresql`, or `make test`, which does that, is needed")
    })
}
