//! `demo`: plays one checkout from cart to shipment against the running code, and another that is refused. Real HTTP,
//! a real database file, real pushes. Ends with an error when any step is not as it should be.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lendport_core::CallLog;
use lendport_outbound::{ClientSettings, Outbound, Registration, Request, Url};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::cli;
use crate::dev::{self, Dev, Options};
use crate::failure::Failure;
use crate::{ambient, registry, sample, say};

/// How long a push may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// Plays the story.
pub async fn run(asked: cli::Demo) -> Result<(), Failure> {
    let folder = std::env::temp_dir()
        .join(format!("lendport-demo-{}", lendport_core::IdSource::uuid(&ambient::SystemIds).simple()));
    let outcome = play(asked.file.config.as_deref(), &folder).await;
    if asked.keep {
        say::line(&format!("kept: {}", folder.display()));
    } else if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|cause| Failure::file("removing", &folder, cause))?;
    }
    outcome
}

async fn play(config: Option<&Path>, folder: &Path) -> Result<(), Failure> {
    let bind = Some(([127, 0, 0, 1], 0).into());
    let config = dev::load(&Options { config, bind, shop_bind: bind, data_dir: Some(folder) })?;
    let dev = dev::start(&config, Some(folder)).await?;
    let mut story = Story::new(&dev, config.storage.path().unwrap_or_default())?;
    let told = story.tell().await;
    let steps = story.steps;
    dev.stop().await?;
    told?;
    say::line(&format!("\nAll {steps} steps went as they should."));
    Ok(())
}

/// An answer of the gateway.
struct Heard {
    status: u16,
    body: Value,
    replayed: bool,
}

impl Heard {
    fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or("")
    }
}

struct Story<'a> {
    dev: &'a Dev,
    http: Outbound,
    known: Registration,
    database: PathBuf,
    began: Instant,
    steps: u32,
    keys: u32,
}

impl<'a> Story<'a> {
    fn new(dev: &'a Dev, database: PathBuf) -> Result<Self, Failure> {
        let known = registry::registrations()
            .into_iter()
            .find(|known| known.simulator.is_some())
            .ok_or_else(|| Failure::other("this build has no simulator to play against (feature `simulator`)"))?;
        let http = Outbound::live(ClientSettings { request_timeout_ms: 60_000, ..ClientSettings::default() })
            .map_err(|error| Failure::other(error.to_string()))?;
        Ok(Self { dev, http, known, database, began: Instant::now(), steps: 0, keys: 0 })
    }

    async fn tell(&mut self) -> Result<(), Failure> {
        let url = &self.dev.gateway.public_url;
        say::line(&format!("A merchant, a shopper and a simulated {} meet at {url}.\n", self.known.descriptor.name));
        let id = self.approved().await?;
        self.shipped(&id).await?;
        self.refused().await?;
        self.look_back(&id).await
    }

    /// Cart, link, decision, authorized.
    async fn approved(&mut self) -> Result<String, Failure> {
        let cart = sample::cart(self.known.descriptor.id, "DEMO-1");
        let key = self.next_key();
        let made = self.post("/v1/checkouts", &cart, &key).await?;
        let id = made.text("/id").to_owned();
        self.expect("the merchant posts a cart", made.status == 201, &format!("{} {id}", made.status))?;
        let total = made.text("/amounts/total");
        self.expect(
            "the total is exact",
            total == sample::TOTAL,
            &format!("{total} {}", made.text("/amounts/currency")),
        )?;
        self.expect_status(&made, "requires_customer_action", false)?;
        let again = self.post("/v1/checkouts", &cart, &key).await?;
        let same = again.replayed && again.body == made.body;
        self.expect("a second click with the same key", same, "the same answer, nothing sent")?;

        let page = Url::parse(made.text("/next_action/url")).map_err(|error| Failure::other(error.to_string()))?;
        let shown = self.call(Request::get(page.clone())).await?;
        self.expect(
            "the shopper opens the link",
            shown.status == 200,
            &format!("{}{}", page.authority(), page.path()),
        )?;
        self.press(&page, "preapprove").await?;
        let seen = self.until(&id, "preapproved").await?;
        self.expect_status(&seen, "preapproved", false)?;
        self.press(&page, "approve").await?;
        let seen = self.until(&id, "authorized").await?;
        self.expect_status(&seen, "authorized", true)?;
        let authorized = seen.text("/amounts/authorized");
        self.expect("the ledger agrees", authorized == sample::TOTAL, &format!("authorized {authorized}"))?;
        let grade = seen.text("/attempt/evidence");
        self.expect("the state rests on evidence", grade == "signed", grade)?;
        Ok(id)
    }

    async fn shipped(&mut self, id: &str) -> Result<(), Failure> {
        let parcel = json!({ "status": "shipped", "carrier": "UPS", "tracking_number": "1Z999AA10123456784" });
        let key = self.next_key();
        let told = self.post(&format!("/v1/checkouts/{id}/shipments"), &parcel, &key).await?;
        self.expect(
            "the merchant ships and says so",
            told.status == 201,
            &format!("{} {}", told.status, told.text("/phase")),
        )?;
        let seen = self.read(id).await?;
        let state = seen.text("/fulfillment");
        self.expect("fulfilment follows", state == "shipped", state)
    }

    /// A lender's no.
    async fn refused(&mut self) -> Result<(), Failure> {
        let key = self.next_key();
        let made = self.post("/v1/checkouts", &sample::cart(self.known.descriptor.id, "DEMO-2"), &key).await?;
        let page = Url::parse(made.text("/next_action/url")).map_err(|error| Failure::other(error.to_string()))?;
        self.press(&page, "reject").await?;
        let seen = self.until(made.text("/id"), "declined").await?;
        self.expect_status(&seen, "declined", false)
    }

    async fn look_back(&mut self, id: &str) -> Result<(), Failure> {
        let url = format!("{}/v1/checkouts/{id}/timeline", self.dev.gateway.public_url);
        let heard = self.call(self.authorized(Request::get(parse(&url)?))).await?;
        let entries = heard.body.pointer("/data").and_then(Value::as_array).cloned().unwrap_or_default();
        let ready = entries.iter().filter(|entry| what(entry) == "checkout.ready_to_fulfill").count();
        self.expect(
            "`ready_to_fulfill` was announced once",
            ready == 1,
            &format!("{ready} of {} entries", entries.len()),
        )?;
        let stored = fs::metadata(&self.database).map_or(0, |file| file.len());
        self.expect("all of it is in the database", stored > 0, &format!("{}", self.database.display()))?;
        say::line("\nWhat the gateway remembers of the first checkout:");
        for entry in &entries {
            let field = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or("");
            let outcome = field("outcome");
            let arrow = if outcome.is_empty() { "" } else { "  =  " };
            say::line(&format!("  {}  {:<12} {}{arrow}{outcome}", field("at"), field("kind"), what(entry)));
        }
        Ok(())
    }

    async fn press(&mut self, page: &Url, button: &str) -> Result<(), Failure> {
        let simulator = self.known.simulator.ok_or_else(|| Failure::other("no simulator"))?;
        let heard = self.call((simulator.press)(page, button)).await?;
        self.expect(&format!("at the lender's: {button}"), heard.status < 400, &heard.status.to_string())
    }

    async fn until(&mut self, id: &str, status: &str) -> Result<Heard, Failure> {
        let end = Instant::now() + PATIENCE;
        loop {
            let seen = self.read(id).await?;
            if seen.text("/status") == status || Instant::now() > end {
                return Ok(seen);
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    fn expect_status(&mut self, heard: &Heard, status: &str, can_fulfill: bool) -> Result<(), Failure> {
        let ships = heard.body.get("can_fulfill").and_then(Value::as_bool);
        let right = heard.text("/status") == status && ships == Some(can_fulfill);
        let shown = format!("{}, can_fulfill {}", heard.text("/status"), ships.unwrap_or(false));
        self.expect(&format!("the checkout is {status}"), right, &shown)
    }

    fn expect(&mut self, step: &str, right: bool, shown: &str) -> Result<(), Failure> {
        self.steps += 1;
        let mark = if right { "ok" } else { "WRONG" };
        say::line(&format!("{:>6} ms  {mark:<5} {step:<40} {shown}", self.began.elapsed().as_millis()));
        if right { Ok(()) } else { Err(Failure::other(format!("step {} went wrong: {step}: {shown}", self.steps))) }
    }

    fn next_key(&mut self) -> String {
        self.keys += 1;
        format!("demo-{}", self.keys)
    }

    fn authorized(&self, request: Request) -> Request {
        request.secret_header("authorization", &lendport_core::Secret::new(format!("Bearer {}", self.dev.key.expose())))
    }

    async fn read(&self, id: &str) -> Result<Heard, Failure> {
        let url = format!("{}/v1/checkouts/{id}", self.dev.gateway.public_url);
        self.call(self.authorized(Request::get(parse(&url)?))).await
    }

    async fn post(&self, path: &str, body: &Value, key: &str) -> Result<Heard, Failure> {
        let url = format!("{}{path}", self.dev.gateway.public_url);
        self.call(self.authorized(Request::post(parse(&url)?).json(body).header("idempotency-key", key))).await
    }

    async fn call(&self, request: Request) -> Result<Heard, Failure> {
        let answer =
            self.http.call(request, &CallLog::new()).await.map_err(|error| Failure::other(error.to_string()))?;
        let replayed = answer.header("idempotent-replayed") == Some("true");
        // The lender's pages are HTML; only our own answers are read.
        let body = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        Ok(Heard { status: answer.status, body, replayed })
    }
}

fn what(entry: &Value) -> &str {
    entry.get("what").and_then(Value::as_str).unwrap_or("")
}

fn parse(url: &str) -> Result<Url, Failure> {
    Url::parse(url).map_err(|error| Failure::other(format!("{url}: {error}")))
}
