//! The Medusa v3 REST API as one account may use it: a method per call, in files by what they are about.

mod agreements;
mod bodies;
mod leases;
mod payment_methods;
mod person_bodies;
mod transactions;
mod users;

use std::collections::BTreeMap;

use lendport_core::{CallContext, ProviderError, Secret};
use lendport_outbound::{Answer, Outbound, Request, Url};
use serde::Serialize;
use serde::de::IgnoredAny;

use crate::account::{Account, setup};
use crate::config::{Clients, ProviderConfig};
use crate::credential::{CustomerToken, KeyMark};
use crate::endpoint::Endpoint;
use crate::error::{self, Failed};
use crate::wire::Spoken;

pub use bodies::{LeaseFlags, LeaseItem, LeaseOrder, LeaseShipping, PickedUp, SentItem, SkuQuantity};
pub use leases::{Contract, LeaseMade, LeaseNow, Signed};
pub use payment_methods::MethodAdded;
pub use transactions::{Booked, LeaseFilter, TransactionsAsk};
pub use users::{PageAsk, UserMade};

const UNUSABLE_BASE: &str = "FlexShopper's base address in the gateway's configuration is not usable.";

/// Our account at FlexShopper, ready to be called for.
#[derive(Debug)]
pub struct Medusa<'a> {
    pub(crate) ctx: CallContext<'a>,
    pub(crate) account: Account<'a>,
    config: &'a ProviderConfig,
    clients: &'a Clients,
    base: Url,
    api_key: &'a Secret<String>,
    mark: KeyMark,
    consumer: Option<String>,
}

/// One call.
struct Call<'c> {
    endpoint: Endpoint,
    /// What stands in the path's braces.
    id: Option<&'c str>,
    query: Vec<(&'static str, String)>,
    customer: Option<&'c CustomerToken>,
    headers: Vec<(&'static str, String)>,
}

impl<'c> Call<'c> {
    fn to(endpoint: Endpoint) -> Self {
        Self { endpoint, id: None, query: Vec::new(), customer: None, headers: Vec::new() }
    }

    fn on(endpoint: Endpoint, id: &'c str) -> Self {
        Self { id: Some(id), ..Self::to(endpoint) }
    }

    fn of(mut self, customer: &'c CustomerToken) -> Self {
        self.customer = Some(customer);
        self
    }

    fn asking(mut self, query: Vec<(&'static str, String)>) -> Self {
        self.query = query;
        self
    }
}

impl<'a> Medusa<'a> {
    /// Reads the account. Nothing is sent.
    pub fn open(ctx: CallContext<'a>, config: &'a ProviderConfig, clients: &'a Clients) -> Result<Self, ProviderError> {
        let account = Account(ctx.account);
        let base = Url::parse(config.base_url(ctx.mode)).map_err(|_| setup(UNUSABLE_BASE))?;
        let api_key = account.api_key()?;
        let mark = KeyMark::of(base.as_str(), api_key);
        Ok(Self { account, base, api_key, mark, consumer: account.consumer()?, ctx, config, clients })
    }

    /// Which key this account uses.
    pub fn mark(&self) -> KeyMark {
        self.mark
    }

    /// Calls without a body. A success is handed back unread.
    async fn get(&self, call: Call<'_>) -> Result<Answer, Failed> {
        self.send(call, |request| request).await
    }

    /// Calls with a body.
    async fn post(&self, call: Call<'_>, body: &(impl Serialize + Sync)) -> Result<Answer, Failed> {
        self.send(call, |request| request.json(body)).await
    }

    async fn send(&self, call: Call<'_>, fill: impl FnOnce(Request) -> Request) -> Result<Answer, Failed> {
        let endpoint = call.endpoint;
        let request = fill(self.request(call)?);
        let answered = self.client(endpoint).call(request, self.ctx.calls).await;
        let answer = answered.map_err(|error| error::from_call(error, endpoint))?;
        if answer.is_success() && !Spoken::is_error(&answer.body) {
            return Ok(answer);
        }
        let failed = error::from_answer(&answer, endpoint);
        if let Some(code) = &failed.error.provider_code {
            self.ctx.calls.note("code", code);
        }
        Err(failed)
    }

    /// Reads a success, or says that it cannot be read.
    fn read<T>(answer: &Answer, endpoint: Endpoint, read: impl FnOnce(&[u8]) -> Option<T>) -> Result<T, Failed> {
        read(&answer.body).ok_or_else(|| error::unreadable(answer, endpoint))
    }

    /// A success that says nothing more: an object, or no content at all.
    fn done(answer: &Answer, endpoint: Endpoint) -> Result<(), Failed> {
        let object = |body: &[u8]| serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(body).ok().map(drop);
        match answer.status {
            204 if answer.body.is_empty() => Ok(()),
            _ => Self::read(answer, endpoint, object),
        }
    }

    fn client(&self, endpoint: Endpoint) -> &Outbound {
        match endpoint {
            Endpoint::Apply => &self.clients.applying,
            Endpoint::LeaseSettings => &self.clients.quick,
            _ => &self.clients.normal,
        }
    }

    fn request(&self, call: Call<'_>) -> Result<Request, ProviderError> {
        let spec = call.endpoint.spec();
        let token = match (spec.customer, call.customer) {
            (true, Some(token)) => Some(token.for_key(self.mark)?),
            (true, None) => return Err(setup("This call needs the customer's token.")),
            (false, _) => None,
        };
        let mut url = self
            .config
            .paths
            .url(&self.base, call.endpoint, call.id)
            .ok_or_else(|| setup("An id of FlexShopper's, or its base address, cannot stand in an address."))?;
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request = Request::new(spec.method, url)
            .secret_header("authorization", &Secret::new(self.api_key.expose().trim().to_owned()))
            .accept("application/json");
        if let Some(token) = token {
            request = request.secret_header("customer-token", token);
            if let Some(version) = self.account.version_override() {
                request = request.header("x-version-override", version);
            }
        }
        if let (true, Some(consumer)) = (spec.consumer, &self.consumer) {
            request = request.header("x-consumer-custom-id", consumer.as_str());
        }
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        // Ids of leases are like tokens.
        let opens = call.endpoint.parameter() == Some("leaseId");
        Ok(if opens { request.secret_path() } else { request })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use lendport_core::{CallLog, CommitClass, ErrorKind, Mode};
    use lendport_outbound::ClientSettings;
    use lendport_testkit::samples;

    use super::*;
    use crate::field::Opaque;

    fn request(values: &[(&str, &str)], call: Call<'_>) -> Result<Request, ProviderError> {
        let values = [&[("api_key", "server-key"), ("auth_key", "public")], values].concat();
        let (account, calls) = (samples::account(&values), CallLog::new());
        let ctx = CallContext { account: &account, mode: Mode::Test, now: Timestamp::UNIX_EPOCH, calls: &calls };
        let config = ProviderConfig::default();
        let clients = Clients::all(Outbound::live(ClientSettings::default()).unwrap());
        let request = Medusa::open(ctx, &config, &clients)?.request(call)?;
        assert!(!format!("{request:?}").contains("server-key"));
        Ok(request)
    }

    fn token(values: &[(&str, &str)], mode: Mode) -> CustomerToken {
        let config = ProviderConfig::default();
        let values = [&[("api_key", "server-key")], values].concat();
        let account = samples::account(&values);
        let base = Url::parse(config.base_url(mode)).unwrap();
        CustomerToken::new(Opaque::from("eyJ"), KeyMark::of(base.as_str(), Account(&account).api_key().unwrap()))
    }

    fn named<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
        request.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.expose())
    }

    #[test]
    fn the_key_goes_bare_and_the_public_one_not_at_all() {
        let plain = request(&[], Call::on(Endpoint::Transaction, "ABC-1")).unwrap();
        assert_eq!(plain.url.as_str(), "https://apis.sandbox.flexshopper.com/v3/transactions/ABC-1");
        assert_eq!(named(&plain, "authorization"), Some("server-key"));
        assert!(plain.headers.iter().all(|(_, value)| value.expose() != "public"));
        assert_eq!((named(&plain, "x-consumer-custom-id"), named(&plain, "customer-token")), (None, None));
        let told = [("channel", "web"), ("vendor_id", "77"), ("version_override", "3.1")];
        let plain = request(&told, Call::on(Endpoint::Transaction, "ABC-1")).unwrap();
        assert_eq!(named(&plain, "x-consumer-custom-id"), Some("web:77"));
        assert_eq!(named(&plain, "x-version-override"), None);
        let token = token(&[], Mode::Test);
        let of_customer = request(&told, Call::to(Endpoint::User).of(&token)).unwrap();
        assert_eq!(named(&of_customer, "customer-token"), Some("eyJ"));
        assert_eq!(named(&of_customer, "x-version-override"), Some("3.1"));
        assert_eq!(named(&of_customer, "x-consumer-custom-id"), None);
    }

    #[test]
    fn a_token_of_another_key_is_refused_for_every_call_that_carries_one() {
        let foreign = [token(&[("api_key", "other-key")], Mode::Test), token(&[], Mode::Live)];
        let mut carrying = 0;
        for endpoint in Endpoint::ALL.iter().filter(|endpoint| endpoint.spec().customer) {
            for token in &foreign {
                let call = Call { id: endpoint.parameter().map(|_| "id"), ..Call::to(*endpoint) }.of(token);
                let error = request(&[], call).unwrap_err();
                assert_eq!((error.kind, error.commit), (ErrorKind::Configuration, CommitClass::NotSent));
                assert_eq!(error.provider_code.as_deref(), Some("token_of_another_key"), "{endpoint:?}");
            }
            let call = Call { id: endpoint.parameter().map(|_| "id"), ..Call::to(*endpoint) };
            assert!(request(&[], call).is_err(), "{endpoint:?} without a token");
            carrying += 1;
        }
        assert_eq!(carrying, 9);
    }
}
