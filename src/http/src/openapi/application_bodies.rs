//! The bodies of an application's steps, as the OpenAPI document shows them.

use utoipa::ToSchema;

use super::amount::Amount;
use super::bodies::{AddressInput, documented};

documented! {
    /// What the customer tells the financer. It passes through: nothing of it is stored or logged.
    struct ApplicationInput {
        /// `YYYY-MM-DD`.
        #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "1990-01-31")]
        date_of_birth: String,
        /// Nine digits.
        #[schema(pattern = "^[0-9]{9}$")]
        ssn: Option<String>,
        /// Ten digits, in any usual notation; a leading +1 may stand before them.
        #[schema(example = "651-444-7773")]
        mobile_phone: String,
        /// Where the customer lives; the billing address when absent.
        home_address: Option<AddressInput>,
        /// The driver's license.
        drivers_license: Option<DriversLicenseInput>,
        /// What the customer earns, and where.
        employment: Option<EmploymentInput>,
        /// What the customer pays with; not together with `card`.
        bank_account: Option<BankAccountInput>,
        /// What the customer pays with; not together with `bank_account`.
        card: Option<CardInput>,
        /// What the financer's fingerprinting made of the customer's device, where it has one.
        #[schema(min_length = 1, max_length = 16384, pattern = "^[!-~]+$")]
        device_fingerprint: Option<String>,
        /// Address of the customer's device.
        customer_ip: Option<String>,
    }

    /// A driver's license.
    struct DriversLicenseInput {
        /// Its number.
        #[schema(min_length = 1, max_length = 4096)]
        number: String,
        /// The state that gave it, two letters.
        #[schema(pattern = "^[A-Z]{2}$")]
        state: String,
    }

    /// What a customer earns, and where.
    struct EmploymentInput {
        /// Employer.
        #[schema(min_length = 1, max_length = 4096)]
        employer: Option<String>,
        /// The employer's phone.
        employer_phone: Option<String>,
        /// Before tax.
        #[schema(value_type = Amount)]
        monthly_income: Amount,
        /// `weekly`, `biweekly`, `semimonthly`, `monthly`, `yearly` or `none`.
        #[schema(pattern = "^(weekly|biweekly|semimonthly|monthly|yearly|none)$")]
        pay_frequency: String,
        /// Day of the last pay.
        #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
        last_pay_date: Option<String>,
        /// Day of the next one.
        #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
        next_pay_date: Option<String>,
    }

    /// A bank account.
    struct BankAccountInput {
        /// Nine digits.
        #[schema(pattern = "^[0-9]{9}$")]
        routing_number: String,
        /// Its number.
        #[schema(pattern = "^[0-9]{4,17}$")]
        account_number: String,
        /// `checking` or `savings`.
        #[schema(pattern = "^(checking|savings)$")]
        r#type: String,
    }

    /// A card, as tokens of payment gateways. Its number is never taken.
    struct CardInput {
        /// A token of each gateway.
        #[schema(min_items = 1, max_items = 10)]
        tokens: Vec<CardTokenInput>,
        /// The month in which it runs out.
        #[schema(pattern = "^[0-9]{4}-[0-9]{2}$")]
        expires: Option<String>,
        /// Such as `visa`, `mastercard`, `american-express`, `discover`.
        #[schema(pattern = "^[a-z-]{1,40}$")]
        brand: Option<String>,
        /// Last digits.
        #[schema(pattern = "^[0-9]{4}$")]
        last_four: Option<String>,
        /// First digits.
        #[schema(pattern = "^[0-9]{6}$")]
        first_six: Option<String>,
        /// ZIP of the bill; that of the billing address when absent.
        #[schema(pattern = "^[0-9]{5}$")]
        billing_zip: Option<String>,
    }

    /// What stands for a card's number at one payment gateway.
    struct CardTokenInput {
        /// Such as `clover`, `loanpaymentpro`.
        #[schema(pattern = "^[A-Za-z0-9_-]{1,40}$")]
        gateway: String,
        /// The token.
        #[schema(min_length = 1, max_length = 4096)]
        token: String,
    }

    /// What the customer pays with: one of the two.
    #[schema(example = json!({ "bank_account": {
        "routing_number": "021000021", "account_number": "123456789", "type": "checking"
    } }))]
    struct PaymentMethodInput {
        /// A bank account.
        bank_account: Option<BankAccountInput>,
        /// A card.
        card: Option<CardInput>,
    }

    /// That the customer agreed, as it happened on the customer's device.
    struct SignatureInput {
        /// `document_sha256` of the agreement that was shown.
        #[schema(
            pattern = "^[0-9a-f]{64}$",
            example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )]
        document_sha256: String,
        /// Must be true.
        accepted: bool,
        /// When the customer agreed.
        #[schema(value_type = String, format = DateTime)]
        accepted_at: String,
        /// Address of the customer's device, never of a server.
        #[schema(example = "203.0.113.7")]
        ip_address: String,
    }
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use super::*;
    use crate::body::application;

    #[test]
    fn the_document_and_the_readers_know_the_same_fields() {
        for (documented, read) in [
            (ApplicationInput::schema(), application::APPLICATION),
            (DriversLicenseInput::schema(), application::DRIVERS_LICENSE),
            (EmploymentInput::schema(), application::EMPLOYMENT),
            (BankAccountInput::schema(), application::BANK_ACCOUNT),
            (CardInput::schema(), application::CARD),
            (CardTokenInput::schema(), application::TOKEN),
            (PaymentMethodInput::schema(), application::PAYMENT_METHOD),
            (SignatureInput::schema(), application::SIGNATURE),
        ] {
            let schema = serde_json::to_value(&documented).unwrap();
            let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
            assert_eq!(names, read);
            assert_eq!(schema["additionalProperties"], false);
        }
    }
}
