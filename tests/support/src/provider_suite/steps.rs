//! Steps of an application that the merchant's own pages carry, with a made-up customer.

use std::net::{IpAddr, Ipv4Addr};

use lendport_core::application::{Application, BankAccount, Employment};
use lendport_core::provider::Retrieved;
use lendport_core::{Ability, Consent, MeansOfPayment, OperationKind, ProviderError, Secret, Step};

use super::Stage;
use crate::clock::START;

/// SHA-256 of `<h1>Agreement</h1>`.
const DOCUMENT: &str = "b5cee50cac25a5d6463b5287cc8e94c2b10fc6e3732907c9b68b9d7774295b31";
const DEVICE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));

fn bank() -> MeansOfPayment {
    MeansOfPayment::Bank(BankAccount {
        routing_number: Secret::from("063100277"),
        account_number: Secret::from("83920174655"),
        savings: false,
    })
}

fn application() -> Application {
    Application {
        home: None,
        mobile_phone: Secret::from("7325550186"),
        date_of_birth: Secret::from("1971-03-19"),
        ssn: Some(Secret::from("471198362")),
        drivers_license: None,
        employment: Some(Employment {
            employer: None,
            employer_phone: None,
            monthly_income: Secret::from("4319.75"),
            pay_frequency: "biweekly",
            last_pay_date: None,
            next_pay_date: None,
        }),
        pay_with: Some(bank()),
        device_fingerprint: None,
        customer_ip: Some(DEVICE),
    }
}

/// Takes a step of this kind; [`OperationKind::Retrieve`] reads the offer.
pub(super) async fn take(stage: &Stage, kind: OperationKind) -> Result<Retrieved, ProviderError> {
    let Some(steps) = stage.provider.steps() else {
        return Err(ProviderError::unsupported(Ability::Application, "there are no steps"));
    };
    let (application, means) = (application(), bank());
    let consent = Consent { document_sha256: DOCUMENT.to_owned(), ip: DEVICE, at: START };
    let step = match kind {
        OperationKind::Apply => Step::Apply(&application, stage.hints),
        OperationKind::AddPayment => Step::AddPayment(&means),
        OperationKind::Agree => Step::Agree,
        OperationKind::Sign => Step::Sign(&consent),
        _ => Step::Offer,
    };
    steps.step(stage.context(), &stage.checkout, &stage.attempt, step).await.map(|stepped| stepped.retrieved)
}
