//! One account's way to WePay: address, headers, the limit of calls, and answers read into types or errors.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lendport_core::{Attempt, CallContext, Checkout, ProviderError, Secret};
use lendport_outbound::{Answer, Outbound, Request, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::account::{Account, setup};
use crate::amount::Id;
use crate::config::ProviderConfig;
use crate::dialect::ApiVersion;
use crate::error::{self, Told};
use crate::options::Options;
use crate::standing::Standing;
use crate::throttle::Throttle;
use crate::verb::Verb;
use crate::wire::{self, CheckoutIdBody, ErrorBody};

/// Our account at WePay, ready to be called for.
pub(crate) struct Connection<'a> {
    pub(crate) ctx: CallContext<'a>,
    pub(crate) account: Account<'a>,
    pub(crate) account_id: Id,
    pub(crate) version: ApiVersion,
    pub(crate) base: Url,
    token: &'a Secret<String>,
    limited_as: String,
    outbound: &'a Outbound,
    throttle: &'a Throttle,
    paused_ms: AtomicU64,
}

impl<'a> Connection<'a> {
    /// Reads the account. Nothing is sent.
    pub(crate) fn open(
        ctx: CallContext<'a>,
        config: &ProviderConfig,
        outbound: &'a Outbound,
        throttle: &'a Throttle,
    ) -> Result<Self, ProviderError> {
        let account = Account(ctx.account);
        let base = Url::parse(config.base_url(ctx.mode))
            .map_err(|_| setup("WePay's base address in the gateway's configuration is not usable."))?;
        let limited_as = format!("{} {}", base.host_str().unwrap_or_default(), account.limited_as()?);
        Ok(Self {
            account_id: account.account_id()?,
            version: account.version()?,
            token: account.access_token()?,
            ctx,
            account,
            base,
            limited_as,
            outbound,
            throttle,
            paused_ms: AtomicU64::new(0),
        })
    }

    /// Calls, and reads the answer. A body with `error` is a failure whatever its status (3.5).
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        body: &(impl Serialize + Sync),
        told: Told<'_>,
        browser: Option<&Options>,
    ) -> Result<T, ProviderError> {
        if let Err(seconds) = self.throttle.admit(&self.limited_as, told.verb.purpose(), self.now()) {
            return Err(throttled_here(seconds));
        }
        let request = self.request(told.verb, browser)?.json(body);
        let answer =
            self.outbound.call(request, self.ctx.calls).await.map_err(|error| error::from_call(error, told))?;
        self.read(&answer, told)
    }

    /// Lets some time pass before the next call.
    pub(crate) async fn pause(&self, wait: Duration) {
        tokio::time::sleep(wait).await;
        self.paused_ms.fetch_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// What the calls and pauses of this operation took so far, in milliseconds.
    pub(crate) fn spent_ms(&self) -> u64 {
        let calls = self.ctx.calls.records().iter().map(|call| call.duration_ms).fold(0, u64::saturating_add);
        calls.saturating_add(self.paused_ms.load(Ordering::Relaxed))
    }

    /// The operation's moment, moved on by what its calls took: WePay counts a call when it is made.
    fn now(&self) -> Timestamp {
        let spent = SignedDuration::from_millis(i64::try_from(self.spent_ms()).unwrap_or(i64::MAX));
        self.ctx.now.saturating_add(spent).unwrap_or(Timestamp::MAX)
    }

    fn read<T: DeserializeOwned>(&self, answer: &Answer, told: Told<'_>) -> Result<T, ProviderError> {
        let body = ErrorBody::read(&answer.body);
        if body.is_none() && answer.is_success() {
            return serde_json::from_slice(&answer.body).map_err(|_| error::unreadable(answer, told));
        }
        let mut error = error::from_answer(answer, body.as_ref(), told);
        let says_slow_down = answer.status == 429 || body.is_some_and(|body| body.code() == Some(1007));
        if says_slow_down || answer.retry_after_s.is_some() {
            let seconds = self.throttle.close(&self.limited_as, answer.retry_after_s, self.now());
            error.retry_after_s = Some(seconds);
        }
        Err(error)
    }

    fn request(&self, verb: Verb, browser: Option<&Options>) -> Result<Request, ProviderError> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| setup("WePay's base address in the gateway's configuration is not usable."))?
            .pop_if_empty()
            .extend(verb.path());
        let bearer = Secret::new(format!("Bearer {}", self.token.expose().trim()));
        let mut request = Request::post(url)
            .secret_header("authorization", &bearer)
            .accept("application/json")
            .keep_fields(error::KEPT);
        if self.account.names_the_version() {
            request = request.header("api-version", self.version.as_str());
        }
        // About one payer, and of this request only (3.3).
        if let Some(ip) = browser.and_then(|options| options.client_ip.as_ref()) {
            request = request.header("client-ip", ip.to_string());
        }
        if let Some(token) = browser.and_then(|options| options.risk_token.as_deref()) {
            request = request.header("wepay-risk-token", token);
        }
        Ok(request)
    }

    /// Looks an attempt's checkout up, and checks that the answer is about it (9.1 rule 5).
    pub(crate) async fn look_up(&self, attempt: &Attempt) -> Result<wire::Checkout, ProviderError> {
        let checkout_id = id_of(attempt)?;
        let found: wire::Checkout =
            self.call(&CheckoutIdBody { checkout_id }, Told { verb: Verb::LookUp, order: None }, None).await?;
        self.check_owner(&found, attempt)?;
        if found.checkout_id == checkout_id { Ok(found) } else { Err(error::foreign("another checkout")) }
    }

    /// Looks up and reads how it stands.
    pub(crate) async fn standing(&self, attempt: &Attempt) -> Result<Standing, ProviderError> {
        self.standing_of(&self.look_up(attempt).await?, attempt)
    }

    /// How a checkout stands, in the account's dialect.
    pub(crate) fn standing_of(&self, checkout: &wire::Checkout, attempt: &Attempt) -> Result<Standing, ProviderError> {
        Standing::read(checkout, self.version.dialect(), attempt.amount.currency())
            .map_err(|_| error::foreign("an amount that cannot be read"))
    }

    /// The account is ours, and so is the reference where one is named.
    pub(crate) fn check_owner(&self, checkout: &wire::Checkout, attempt: &Attempt) -> Result<(), ProviderError> {
        if checkout.account_id != self.account_id {
            return Err(error::foreign("a checkout of another account; check the account's account_id"));
        }
        match checkout.reference_id.value() {
            Some(reference) if *reference != attempt.merchant_reference => {
                Err(error::foreign("a checkout with another reference"))
            }
            _ => Ok(()),
        }
    }

    /// Checkouts that the account is asked about and told of.
    pub(crate) fn order<'o>(checkout: &'o Checkout, tokenised: bool) -> Told<'o> {
        Told { verb: Verb::Create, order: Some((checkout, tokenised)) }
    }
}

/// The checkout's number at WePay.
pub(crate) fn id_of(attempt: &Attempt) -> Result<Id, ProviderError> {
    let reference = attempt.reference.as_ref().ok_or_else(|| setup("The attempt has no WePay checkout yet."))?;
    Id::parse(&reference.0).ok_or_else(|| setup("The attempt's WePay checkout is not a number."))
}

fn throttled_here(seconds: u32) -> ProviderError {
    use lendport_core::{CommitClass, ErrorKind, RetryClass};
    let message = "As many calls as WePay allows are under way; nothing was sent.";
    let mut error = ProviderError::new(ErrorKind::NotNow, message)
        .committed_as(CommitClass::NotSent)
        .retried_as(RetryClass::SameRequest);
    error.retry_after_s = Some(seconds);
    error
}

#[cfg(test)]
mod tests {
    use lendport_core::{CallLog, CallRecord, Mode};
    use lendport_outbound::ClientSettings;
    use lendport_testkit::samples;

    use super::*;
    use crate::throttle::Purpose;

    fn headers(values: &[(&str, &str)], options: Option<&Options>) -> Vec<(String, String)> {
        let values = [&[("account_id", "1548718026"), ("access_token", "STAGE_example")], values].concat();
        let (account, calls) = (samples::account(&values), CallLog::new());
        let ctx = CallContext { account: &account, mode: Mode::Test, now: Timestamp::UNIX_EPOCH, calls: &calls };
        let (config, outbound) = (ProviderConfig::default(), Outbound::live(ClientSettings::default()).unwrap());
        let throttle = Throttle::new(0, 0);
        let request =
            Connection::open(ctx, &config, &outbound, &throttle).unwrap().request(Verb::Create, options).unwrap();
        assert_eq!(request.url.as_str(), "https://stage.wepayapi.com/v2/checkout/create");
        assert!(!format!("{request:?}").contains("STAGE_example"));
        request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.expose().to_owned())).collect()
    }

    #[test]
    fn every_call_carries_what_is_needed_and_nobody_elses_browser() {
        let plain = headers(&[], None);
        let expected =
            [("authorization", "Bearer STAGE_example"), ("accept", "application/json"), ("api-version", "2015-11-18")];
        assert_eq!(plain, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(headers(&[("api_version_header", "omit")], None).len(), 2);

        let options = Options {
            client_ip: "100.166.99.123".parse().ok(),
            risk_token: Some("u".to_owned()),
            ..Options::default()
        };
        let told = headers(&[("api_version", "2019-04-03")], Some(&options));
        for (name, value) in [("api-version", "2019-04-03"), ("client-ip", "100.166.99.123"), ("wepay-risk-token", "u")]
        {
            assert!(told.contains(&(name.to_owned(), value.to_owned())), "{name}");
        }
    }

    #[test]
    fn a_late_call_of_an_operation_counts_when_it_is_made() {
        let account = samples::account(&[("account_id", "1548718026"), ("access_token", "STAGE_example")]);
        let (config, outbound) = (ProviderConfig::default(), Outbound::live(ClientSettings::default()).unwrap());
        let (throttle, calls) = (Throttle::new(1, 10_000), CallLog::new());
        let ctx = CallContext { account: &account, mode: Mode::Test, now: Timestamp::UNIX_EPOCH, calls: &calls };
        let to = Connection::open(ctx, &config, &outbound, &throttle).unwrap();
        let after = |ms| Timestamp::UNIX_EPOCH + SignedDuration::from_millis(ms);
        assert_eq!(to.now(), after(0));
        for duration_ms in [9_000, 500] {
            let (method, target) = ("POST".to_owned(), "stage.wepayapi.com/v2/checkout".to_owned());
            calls.push(CallRecord { method, target, status: None, duration_ms, failure: None, fields: Vec::new() });
        }
        assert_eq!((to.spent_ms(), to.now()), (9_500, after(9_500)));
        // Sent at 9.5 s: a window that began with the operation would open again at 10 s.
        assert_eq!(throttle.admit(&to.limited_as, Purpose::Command, to.now()), Ok(()));
        assert_eq!(throttle.admit(&to.limited_as, Purpose::Command, after(10_000)), Err(10));
        assert_eq!(throttle.admit(&to.limited_as, Purpose::Command, after(19_500)), Ok(()));
    }
}
