//! Every statement finds its rows through an index, whatever the planner believes about the tables.

use lendport_core::{CheckoutId, CheckoutStatus, DeliveryState, EventId, EventType, ProviderId, Secret};
use lendport_testkit::SeededIds;
use lendport_testkit::clock::START;
use lendport_testkit::postgres::Cluster;

use super::connection::{Db, pool};
use super::migrations;
use super::settings::PostgresSettings;
use super::{
    attempt_rows, attention_rows, checkout_rows, delivery_pages, delivery_rows, due_work, event_pages, event_rows,
    idempotency_rows, lease, ledger_rows, locate, observation_rows, operation_rows, pages, presence, push_rows,
    quota_rows, recover, settle, sweep_rows, trim_events, trim_observations,
};
use crate::page::{CheckoutFilter, DeliveryFilter, EventFilter};

/// Tables that grow with every checkout.
const LARGE: [&str; 12] = [
    "checkouts",
    "attempts",
    "operations",
    "observations",
    "pushes",
    "ledger",
    "attention",
    "idempotency",
    "events",
    "deliveries",
    "delivery_attempts",
    "sweep_marks",
];

/// Thirty thousand checkouts, all in one tenant.
const CHECKOUTS: &str = "
    INSERT INTO tenants (merchant, mode) VALUES (gen_random_uuid(), 'test');
    CREATE TEMP TABLE numbers AS SELECT g AS n, lpad(to_hex(g), 32, '0')::uuid AS id,
        timestamptz '2026-01-01' + g * interval '1 second' AS at FROM generate_series(1, 30000) g;
    INSERT INTO checkouts SELECT n, 1, id, 'order ' || n, (ARRAY['open', 'captured', 'declined'])[1 + n % 3], 'sandbox', 'none', 'none', true, at, NULL, 1, 1,
        at, at, 'automatic', '{}', NULL, NULL, NULL, 'USD', '{}', '' FROM numbers;
";

/// The first deliveries of an endpoint, which nobody counts yet.
const FIRST_DELIVERIES: &str = "
    INSERT INTO webhook_endpoints SELECT 9, 1, gen_random_uuid(), 1, NULL, '{}', '', 'enabled', NULL, NULL, 1, now(),
        now(), false;
    INSERT INTO deliveries SELECT 9, gen_random_uuid(), n, n, 1, 'pending', false, false, 1, at, at, NULL, NULL, at, at
        FROM numbers LIMIT 1000;
";

/// What belongs to them.
const CHILDREN: &str = "
    INSERT INTO attempts (id, checkout, number, provider, account, state, callback_digest, merchant_reference, amount,
        capture, amount_accepted, approval_confirmed, polls, created_at, updated_at)
        SELECT id, n, 1, 'sandbox', id, 'captured', uuid_send(id), '', '', '', false, false, 0, at, at FROM numbers;
    INSERT INTO operations SELECT id, n, id, 'create', 'settled', at, NULL, NULL, NULL, NULL, at, at FROM numbers;
    INSERT INTO observations (id, checkout, attempt, grade, source, claim, dedupe_key, received_at, outcome, repeats)
        SELECT id, n, id, 'token', 'push', 'nothing', 'key', at, 'moved', 0 FROM numbers;
    INSERT INTO pushes (checkout, attempt, verdict, headers, body, received_at)
        SELECT n, id, 'stored', '', '', at FROM numbers;
    INSERT INTO ledger SELECT n, id, id, 'captured', 'USD 1', false, id, at FROM numbers;
    INSERT INTO attention (checkout, id, tenant, attempt, kind, detail, opened_at)
        SELECT n, id, 1, id, 'silent_provider', '', at FROM numbers;
    INSERT INTO idempotency SELECT 1, 'POST /v1/checkouts', 'key ' || n, '', 'completed', NULL, NULL, 201, '', id, id, at
        FROM numbers;
    INSERT INTO sweep_marks SELECT uuid_send(id), n, id, at FROM numbers;
    INSERT INTO events SELECT n, 1, id, n, NULL, (ARRAY['checkout.created', 'checkout.updated', 'checkout.captured'])[1 + n % 3], 1, false, at, '{}' FROM numbers;
    INSERT INTO webhook_endpoints SELECT g, 1, gen_random_uuid(), 1, NULL, '{}', '', 'enabled', NULL, NULL, 1, now(),
        now(), false FROM generate_series(1, 5) g;
    INSERT INTO webhook_urls VALUES (1, gen_random_uuid(), '');
    INSERT INTO deliveries SELECT 1 + n % 5, id, n, n, 1, CASE WHEN n % 100 = 0 THEN 'pending' ELSE 'delivered' END,
        false, false, 1, at, at, NULL, NULL, at, at FROM numbers;
    INSERT INTO delivery_attempts SELECT 1 + n % 5, id, id, 1, at, 1, 200, NULL, NULL FROM numbers;
";

async fn plan(db: &Db, sql: &str) -> String {
    let statement = db.prepare(sql).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    let nothing = vec!["NULL"; statement.params().len()].join(", ");
    let execute = if nothing.is_empty() { "asked".to_owned() } else { format!("asked({nothing})") };
    db.batch_execute(&format!("PREPARE asked AS {sql}")).await.unwrap();
    let rows = db.query(&format!("EXPLAIN EXECUTE {execute}"), &[]).await.unwrap();
    db.batch_execute("DEALLOCATE asked").await.unwrap();
    rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join("\n")
}

fn statements() -> Vec<String> {
    let mut all: Vec<String> = [
        checkout_rows::OF,
        checkout_rows::LOCK,
        checkout_rows::UPDATE,
        checkout_rows::UPDATE_CART,
        checkout_rows::UPDATE_PERSONAL,
        checkout_rows::UPDATE_DERIVED,
        checkout_rows::KEY_OF,
        attempt_rows::OF,
        attempt_rows::PUT,
        ledger_rows::OF,
        operation_rows::OF,
        operation_rows::OF_KIND,
        operation_rows::FIND,
        operation_rows::PUT,
        observation_rows::OF,
        observation_rows::SEEN,
        observation_rows::IDLE,
        observation_rows::REPEAT,
        push_rows::TRIM_REFUSED,
        push_rows::TRIM_REPEATS,
        push_rows::REFUSED,
        attention_rows::OF,
        attention_rows::OF_CHANGES,
        attention_rows::PUT,
        idempotency_rows::FIND,
        idempotency_rows::CLAIM,
        idempotency_rows::SETTLE,
        idempotency_rows::TAKE_OVER,
        idempotency_rows::TRIM,
        event_rows::OF,
        event_rows::INSERT,
        locate::CALLBACK,
        quota_rows::COUNT,
        due_work::OVERDUE.waiting,
        due_work::OVERDUE.by_age,
        due_work::OVERDUE.in_turns,
        due_work::TO_POLL.waiting,
        due_work::TO_POLL.by_age,
        due_work::TO_POLL.in_turns,
        locate::INTERRUPTED,
        delivery_rows::HOLD,
        delivery_rows::PUT_IN_ORDER,
        delivery_rows::ATTEMPTS,
        lease::RELEASE,
        presence::BURY,
        lease::NEXT_AT,
        settle::CHECKOUTS,
        recover::EVENTS,
        recover::TELL,
        recover::END,
        trim_events::OLD,
        trim_events::PENDING,
        trim_events::DELETE,
        trim_observations::PUSHES,
        trim_observations::OBSERVATIONS,
        sweep_rows::PUT,
        sweep_rows::PUT_MARKS,
        sweep_rows::MARKED,
        sweep_rows::TAKE,
        sweep_rows::END,
        sweep_rows::TRIM,
    ]
    .map(str::to_owned)
    .to_vec();
    all.extend([lease::take_sql(), settle::settle_sql()]);
    // As the version before asked, which may still be at work.
    all.push(due_work::OVERDUE.by_age.replace(", 'open'", ""));
    all
}

/// Every page that can be asked for, with how the index is called that gives its rows.
fn page_statements() -> Vec<(String, &'static str)> {
    let ids = SeededIds::default();
    let mut all = Vec::new();
    for bits in 0_u32..64 {
        let on = |bit: u32| bits & (1 << bit) != 0;
        let filter = CheckoutFilter {
            reference: on(0).then(|| "r".to_owned()),
            status: on(1).then_some(CheckoutStatus::Open),
            provider: ProviderId::parse("sandbox").filter(|_| on(2)),
            created_after: on(3).then_some(START),
            created_before: on(4).then_some(START),
        };
        let index = match (on(0), on(3), on(1)) {
            (true, ..) => "checkouts_by_reference",
            (false, true, _) => "checkouts_by_created",
            (false, false, true) => "checkouts_by_status",
            (false, false, false) => "checkouts_tenant_id_key",
        };
        all.push((pages::query(1, &filter, on(5).then(|| CheckoutId::mint(&ids)), 20).sql, index));
        let kinds = if on(0) { vec![EventType::CheckoutCreated] } else { Vec::new() };
        let filter = EventFilter {
            kinds,
            checkout: None,
            created_after: on(3).then_some(START),
            created_before: on(4).then_some(START),
        };
        let index = match (on(1), on(0), on(3)) {
            (true, ..) => "events_by_sequence",
            (false, true, true) => "events_by_",
            (false, true, false) => "events_by_kind",
            (false, false, true) => "events_by_age",
            (false, false, false) => "events_tenant_id_key",
        };
        let after = on(5).then(|| EventId::mint(&ids));
        for query in event_pages::queries(1, on(1).then_some(1), &filter, after, 20) {
            all.push((query.sql, index));
        }
    }
    for state in [None, Some(DeliveryState::Pending), Some(DeliveryState::Failed), Some(DeliveryState::Delivered)] {
        for event in [None, Some(EventId::mint(&ids))] {
            let index = match (state, event) {
                (Some(DeliveryState::Failed), _) => "deliveries_failed",
                (Some(DeliveryState::Pending), None) => "deliveries_in_order",
                _ => "deliveries_pkey",
            };
            all.push((delivery_pages::sql(&DeliveryFilter { endpoint: None, event, state }, 20), index));
        }
    }
    all
}

/// No large table is read as a whole: none by itself, and none by an index without a question to it.
fn check(plan: &str, sql: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let lines: Vec<&str> = plan.lines().collect();
    for (place, line) in lines.iter().enumerate() {
        let reads = LARGE.iter().any(|table| {
            line.contains(&format!(" on {table} ")) && (line.contains("Seq Scan") || line.contains("Index"))
        });
        let asked = lines.get(place + 1).is_some_and(|next| next.trim_start().starts_with("Index Cond"));
        // The first row of the index of work that is due.
        let first = line.contains("Index Only Scan using deliveries_due") || line.contains("Tid Scan");
        if reads && !asked && !first {
            wrong.push(format!("{line}\n{sql}\n{plan}"));
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn every_question_has_its_index() {
    let cluster = Cluster::shared();
    let settings = PostgresSettings::new(Secret::new(cluster.url(&cluster.create_database())));
    let pool = pool(&settings).unwrap();
    let migrating = pool.get().await.unwrap();
    migrations::run(&migrating).await.unwrap();
    drop(deadpool_postgres::Object::take(migrating));
    let db = pool.get().await.unwrap();
    // Plans that were made while everything was empty are those that stay.
    db.batch_execute("SET statement_timeout = 0").await.unwrap();
    let mut wrong = Vec::new();
    // Nobody counts a table before something is written to it.
    let stages = [
        ("", "", false),
        (CHECKOUTS, "ANALYZE checkouts", false),
        (FIRST_DELIVERIES, "VACUUM ANALYZE webhook_endpoints", false),
        (CHILDREN, "ANALYZE", true),
    ];
    for (fill, count, full) in stages {
        db.batch_execute(fill).await.unwrap();
        db.batch_execute(count).await.unwrap();
        for sql in statements() {
            let plan = plan(&db, &sql).await;
            wrong.extend(check(&plan, &sql));
            // A row is found by its id, not among all of its tenant.
            let whole_tenant = |line: &str| line.trim() == "Index Cond: (tenant = asked.tenant)";
            // And a delivery by its key, not among all of its endpoint. What trims comes a month later, when tables have
            // long been counted.
            let trims = [trim_events::PENDING, trim_events::DELETE].contains(&sql.as_str());
            let whole_endpoint = |line: &str| !trims && line.trim() == "Index Cond: (endpoint = w.pk)";
            // Who takes turns is asked for what is theirs, not looked for among what all have due.
            let turns = [due_work::OVERDUE.in_turns, due_work::TO_POLL.in_turns].contains(&sql.as_str());
            let of_each = ["checkouts_due_of", "attempts_to_poll_of"].iter().any(|index| plan.contains(index));
            let of_all = ["using checkouts_due on", "using attempts_to_poll on"].iter().any(|name| plan.contains(name));
            let beside_turns = turns && (!of_each || of_all);
            if beside_turns || plan.lines().any(|line| whole_tenant(line) || whole_endpoint(line)) {
                wrong.push(format!("{sql}\n{plan}"));
            }
        }
        for (sql, index) in page_statements() {
            let plan = plan(&db, &sql).await;
            wrong.extend(check(&plan, &sql));
            // While everything is empty all indexes are alike.
            if full && !plan.contains(&format!("using {index}")) {
                wrong.push(format!("{index}: {sql}\n{plan}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
