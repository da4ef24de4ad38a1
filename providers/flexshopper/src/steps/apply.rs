//! The application and what the customer pays with, handed on (4.7, 4.12). What the customer said is borrowed for the call.

use lendport_core::application::{self, MeansOfPayment};
use lendport_core::{
    Address, Attempt, AttemptState, CascadeHints, Checkout, Claim, CommitClass, ErrorKind, FieldError, NextAction,
    NextActionKind, Pointer, ProviderError, Stepped,
};

use super::customers::{Customers, secret};
use super::standing::{is_leased, look, of_decision, of_order};
use crate::account::setup;
use crate::medusa::{Medusa, MethodAdded};
use crate::money::Dollars;
use crate::order::transaction_id;
use crate::person::{
    AccountType, Application, ApplicationCard, BankAccount, CardToken, Employment, HomeAddress, NewCard, NewMethod,
    PayFrequency,
};

/// Asks for a decision, unless there is one, or one is being made: after an unclear result that is how it is found.
pub(super) async fn apply(
    to: &Medusa<'_>,
    customers: &Customers,
    checkout: &Checkout,
    attempt: &Attempt,
    (said, hints): (&application::Application, CascadeHints),
) -> Result<Stepped, ProviderError> {
    let known = to.transaction(&transaction_id(attempt)).await?;
    if is_leased(known.as_ref()) {
        return Ok(Stepped::of(of_order(known.as_ref(), attempt)));
    }
    let mut customer = customers.enrolled(to, checkout, attempt).await?;
    let before = of_decision(&customers.user(to, attempt, &mut customer).await?, attempt);
    let applies = matches!(&before.retrieved.next_action, Some(NextAction { kind: NextActionKind::Apply, .. }));
    if !applies {
        return Ok(before);
    }
    let application = application_of(said, hints, checkout, attempt)?;
    match to.apply(&customer.token, &application, said.customer_ip).await {
        Ok(user) => Ok(of_decision(&user, attempt)),
        Err(failed) => {
            customers.ran_out(to, attempt, &failed);
            Err(failed.into())
        }
    }
}

/// Puts a bank account or a card on file, to be charged first.
pub(super) async fn add_payment(
    to: &Medusa<'_>,
    customers: &Customers,
    checkout: &Checkout,
    attempt: &Attempt,
    said: &MeansOfPayment,
) -> Result<Stepped, ProviderError> {
    let Some(mut customer) = customers.known(to, checkout, attempt).await? else {
        return Err(crate::error::not_now("FlexShopper does not know the customer; an application comes first."));
    };
    // A token that has run out shows here, where only something is read.
    customers.user(to, attempt, &mut customer).await?;
    let (method, label) = match said {
        MeansOfPayment::Bank(account) => (NewMethod::Bank(bank_of(account)), "Bank account"),
        MeansOfPayment::Card(card) => (NewMethod::Card(card_of(card, checkout)), "Card"),
    };
    let why = match to.add_payment_method(&customer.token, &method, label, true).await? {
        MethodAdded::Added => {
            let mut now = look(to, customers, checkout, attempt).await?;
            let waits = now.retrieved.claim == Claim::state(AttemptState::AwaitingCustomer);
            if waits && now.retrieved.next_action.is_some() {
                now.retrieved.next_action = Some(NextAction::step(NextActionKind::SignAgreement));
            }
            return Ok(now);
        }
        MethodAdded::NotPrimary => ("not_primary", "this cannot be charged first; name another"),
        MethodAdded::BankNotAccepted => ("bank_not_accepted", "the bank is not accepted; name another"),
        MethodAdded::BankNeedsVerification => ("bank_needs_verification", "the bank account has to be verified first"),
    };
    let field = FieldError::new(&Pointer::root(), why.0, why.1);
    let error = ProviderError::new(ErrorKind::Invalid, "FlexShopper does not take this means of payment.");
    Err(error.committed_as(CommitClass::Rejected).with_fields(vec![field]))
}

fn application_of(
    said: &application::Application,
    hints: CascadeHints,
    checkout: &Checkout,
    attempt: &Attempt,
) -> Result<Application, ProviderError> {
    let (bank, cards) = match &said.pay_with {
        Some(MeansOfPayment::Bank(account)) => (Some(bank_of(account)), Vec::new()),
        Some(MeansOfPayment::Card(card)) => (None, vec![application_card_of(card)]),
        None => (None, Vec::new()),
    };
    Ok(Application {
        address: home_of(said.home.as_ref().unwrap_or(&checkout.billing)),
        mobile_phone: said.mobile_phone.clone(),
        date_of_birth: said.date_of_birth.clone(),
        ssn: said.ssn.clone(),
        drivers_license: said.drivers_license.clone(),
        // Never asked for: see the README.
        gender: None,
        employment: said.employment.as_ref().map(employment_of).transpose()?,
        bank,
        cards,
        device_fingerprint: said.device_fingerprint.clone(),
        expected_purchase: Dollars::try_from(attempt.amount).ok(),
        opt_in_marketing: None,
        first_glance: Some(hints.first_glance),
    })
}

fn home_of(address: &Address) -> HomeAddress {
    HomeAddress {
        street1: secret(&address.line1),
        street2: address.line2.as_ref().map(secret),
        city: secret(&address.city),
        region: address.state.code().to_owned(),
        postal_code: secret(&address.postal_code),
        country: address.country.code(),
    }
}

fn employment_of(said: &application::Employment) -> Result<Employment, ProviderError> {
    Ok(Employment {
        name: said.employer.clone(),
        phone: said.employer_phone.clone(),
        monthly_income: said.monthly_income.clone(),
        pay_frequency: PayFrequency::parse(said.pay_frequency)
            .ok_or_else(|| setup("FlexShopper has no such pay frequency."))?,
        last_pay_date: said.last_pay_date.clone(),
        next_pay_date: said.next_pay_date.clone(),
    })
}

fn bank_of(said: &application::BankAccount) -> BankAccount {
    BankAccount {
        routing: said.routing_number.clone(),
        account: said.account_number.clone(),
        kind: if said.savings { AccountType::Savings } else { AccountType::Checking },
    }
}

fn application_card_of(said: &application::Card) -> ApplicationCard {
    ApplicationCard {
        expiration_date: said.expires.clone(),
        card_type: said.brand.clone(),
        last_four: said.last_four.clone(),
        first_six: said.first_six.clone(),
        tokens: said.tokens.clone(),
    }
}

fn card_of(said: &application::Card, checkout: &Checkout) -> NewCard {
    NewCard {
        expiration_date: said.expires.clone(),
        card_type: said.brand.clone(),
        last_four: said.last_four.clone(),
        first_six: said.first_six.clone(),
        token: CardToken::Named(said.tokens.clone()),
        billing_zip: said.billing_zip.clone().unwrap_or_else(|| secret(&checkout.billing.postal_code)),
    }
}

#[cfg(test)]
mod tests {
    use lendport_core::Secret;
    use lendport_testkit::{Sample, SeededIds, samples};

    use super::*;

    #[test]
    fn the_devices_fingerprint_is_handed_on_and_no_gender() {
        let ids = SeededIds::default();
        let checkout = Sample::usa().checkout(&ids);
        let attempt = samples::attempt(&checkout, crate::ID, &ids);
        let said = application::Application {
            home: None,
            mobile_phone: Secret::from("7325550186"),
            date_of_birth: Secret::from("1971-03-19"),
            ssn: None,
            drivers_license: None,
            employment: None,
            pay_with: None,
            device_fingerprint: Some(Secret::from("ZGV2aWNl")),
            customer_ip: None,
        };
        let made = application_of(&said, CascadeHints::FIRST, &checkout, &attempt).unwrap();
        assert_eq!(made.device_fingerprint.map(|print| print.expose().clone()).as_deref(), Some("ZGV2aWNl"));
        assert!(made.gender.is_none());
    }
}
