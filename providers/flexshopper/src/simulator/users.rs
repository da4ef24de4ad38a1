//! Customers: whether they exist, creating them, their tokens, reading them (flexshopper.md 4.1 to 4.6).

use super::api::{self, Call};
use super::errors::{Code, Refusal, data};
use super::object;
use super::page;
use super::people::Token;
use super::person::{User, same_address, same_phone};
use super::rules::{AbsentUser, Identity};
use super::state::{Sim, Store};
use lendport_simulation::{Json, Reply, later};

/// GET `/v3/user-exists`
pub(super) fn exists(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let email = call.parameter("email").ok_or_else(|| Refusal::Invalid("\"email\" is required".to_owned()))?;
    let store = sim.store();
    match store.people.id_of_email(email) {
        Some(id) => Ok(data(Json::object([("userId", id.into()), ("exists", true.into())]))),
        None => match store.rules.absent_user {
            AbsentUser::ExistsFalse => Ok(data(Json::object([("exists", false.into())]))),
            AbsentUser::Empty => Ok(data(Json::object([]))),
            AbsentUser::NotFound => Err(Refusal::NO_USER),
        },
    }
}

/// POST `/v3/users/exists`
pub(super) fn deep_exists(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let fields = call.fields(sim, &["email", "address", "phone"])?;
    let email = fields.required_text("email")?;
    let phone = fields.text("phone")?.map(|phone| same_phone(&phone));
    let mut address = None;
    if let Some(given) = fields.inner("address")? {
        let mut strange = Vec::new();
        given.unknown(&["street1", "street2", "city", "region", "postalCode", "country"], &mut strange);
        call.strange(sim, strange)?;
        for name in ["city", "region", "country"] {
            given.required_text(name)?;
        }
        given.text("street2")?;
        address = Some(same_address(&given.required_text("street1")?, &given.required_text("postalCode")?));
    }
    let store = sim.store();
    if store.rules.empty_deep_answer {
        return Ok(data(Json::object([])));
    }
    let known = |fits: &dyn Fn(&User) -> bool| store.people.newest_first().any(fits);
    Ok(data(Json::object([
        ("addressExists", known(&|user| address.is_some() && user.address == address).into()),
        ("emailExists", store.people.id_of_email(&email).is_some().into()),
        ("phoneExists", known(&|user| phone.is_some() && user.phone == phone).into()),
    ])))
}

/// POST `/v3/users`
pub(super) fn create(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let known = ["firstName", "lastName", "email", "password", "resetPassword", "locale"];
    let fields = call.fields(sim, &known)?;
    let name = |member: &str| {
        let name = fields.required_text(member)?;
        let plain = name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '.'));
        if plain { Ok(name) } else { Err(Refusal::Invalid(format!("\"{member}\" must hold letters alone"))) }
    };
    let (first_name, last_name) = (name("firstName")?, name("lastName")?);
    let email = fields.required_text("email")?;
    if !email.split_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty()) {
        return Err(Refusal::Invalid("\"email\" must be a valid email".to_owned()));
    }
    // The password is looked at and thrown away: nobody signs in here.
    fields.text("password")?;
    fields.flag("resetPassword")?;
    fields.text("locale")?;
    let mut store = sim.store();
    if store.people.id_of_email(&email).is_some() {
        return Err(match store.rules.existing_user_status {
            409 => Refusal::USER_EXISTS,
            _ => Refusal::Coded(400, Code::Word("UserAlreadyExists"), "User already exists with that email"),
        });
    }
    let id = enter(sim, &mut store, call.account, first_name, last_name, email);
    let token = new_token(sim, &mut store, &id, call.account);
    Ok(data(Json::object([("userId", id.into()), ("token", token.into())])))
}

/// A new customer of an account; answers its id.
pub(super) fn enter(
    sim: &Sim,
    store: &mut Store,
    account: usize,
    first_name: String,
    last_name: String,
    email: String,
) -> String {
    let id = sim.user_id();
    store.people.insert(User {
        id: id.clone(),
        accounts: vec![account],
        first_name,
        last_name,
        email,
        phone: None,
        address: None,
        created: sim.clock.now(),
        decision: None,
        identity: Identity::Pending,
        date_of_birth: None,
        hold: false,
        methods: Vec::new(),
        application: Vec::new(),
        applications: 0,
    });
    id
}

fn new_token(sim: &Sim, store: &mut Store, user: &str, account: usize) -> String {
    let now = sim.clock.now();
    let text = sim.opaque(user, "token");
    let token = Token { user: user.to_owned(), account, until: later(now, store.rules.token_ms) };
    store.people.add_token(text.clone(), token, now);
    text
}

/// GET `/v3/users/{userId}/authorize`: makes a token each time it is asked.
pub(super) fn authorize(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let mut store = sim.store();
    let Some(user) = store.people.get_mut(&call.id) else {
        return Err(Refusal::rejected("there is no such user"));
    };
    if !user.accounts.contains(&call.account) {
        user.accounts.push(call.account);
    }
    let token = new_token(sim, &mut store, &call.id, call.account);
    Ok(data(Json::object([("token", object::printed(&token, &store.rules))])))
}

/// GET `/v3/users/me`
pub(super) fn me(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let user = api::customer(sim, call)?;
    Ok(data(object::user(&sim.store(), &user, call.account, call.now, true)))
}

/// GET `/v3/users`: everybody that this account has to do with, newest first.
pub(super) fn list(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let page = page::asked(call)?;
    let store = sim.store();
    let ids: Vec<String> = store
        .people
        .newest_first()
        .filter(|user| user.accounts.contains(&call.account))
        .map(|user| user.id.clone())
        .collect();
    let (shown, meta) = page.cut(&ids);
    let users: Json = shown.iter().map(|id| object::user(&store, id, call.account, call.now, false)).collect();
    Ok(data(Json::object([("users", users), ("meta", meta)])))
}
