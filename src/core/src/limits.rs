//! Every size that input may reach, with its unit in its name. `http` answers with a pointer when one is passed.

/// Bytes of a request body on the merchant API: ten thousand full items are still answered with a pointer.
pub const REQUEST_BODY_MAX_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of a provider's push to a callback URL; the known dialects stay under 1 KiB.
pub const PUSH_BODY_MAX_BYTES: usize = 64 * 1024;
/// Bytes of a provider's answer that are read before the call is given up.
pub const PROVIDER_BODY_MAX_BYTES: usize = 1024 * 1024;
/// Lines in a cart.
pub const CART_LINES_MAX: usize = 500;
/// Units on one line.
pub const LINE_QUANTITY_MAX: u32 = 100_000;
/// Largest amount in major units that any money value may hold.
pub const AMOUNT_MAX_MAJOR: i64 = 9_999_999_999;
/// Characters of a name of a person, city or product unless a tighter one is stated.
pub const TEXT_MAX_CHARS: usize = 200;
/// Characters of the merchant's own reference of a checkout.
pub const REFERENCE_MAX_CHARS: usize = 128;
/// Characters of an e-mail address (RFC 5321, 4.5.3.1.3).
pub const EMAIL_MAX_CHARS: usize = 254;
/// Characters of a URL handed to us.
pub const URL_MAX_CHARS: usize = 2048;
/// Entries in `metadata`.
pub const METADATA_ENTRIES_MAX: usize = 50;
/// Characters of one metadata key.
pub const METADATA_KEY_MAX_CHARS: usize = 64;
/// Characters of one metadata value.
pub const METADATA_VALUE_MAX_CHARS: usize = 500;
/// Providers that `provider_options` of one checkout may name.
pub const PROVIDER_OPTIONS_MAX: usize = 20;
/// Characters of a free message to a lender (shipments, refunds).
pub const MESSAGE_MAX_CHARS: usize = 1000;
/// Characters of an idempotency key.
pub const IDEMPOTENCY_KEY_MAX_CHARS: usize = 255;
/// Attempts that one checkout may have.
pub const ATTEMPTS_MAX: u32 = 20;
/// Endpoints for events that a merchant may have in one mode.
pub const ENDPOINTS_MAX: u32 = 16;
/// Characters of a merchant's note on an endpoint.
pub const ENDPOINT_DESCRIPTION_MAX_CHARS: usize = 500;
/// Secrets that may sign for one endpoint at the same time: the current one and those it replaces.
pub const ENDPOINT_SECRETS_MAX: usize = 3;
/// Hours that a replaced secret may go on signing.
pub const SECRET_OVERLAP_MAX_HOURS: u32 = 168;
/// Hours that a replaced secret goes on signing when the caller does not say.
pub const SECRET_OVERLAP_DEFAULT_HOURS: u32 = 24;
/// Rows on one page.
pub const PAGE_MAX: u32 = 100;
/// Rows on a page when the caller does not say.
pub const PAGE_DEFAULT: u32 = 20;
/// Levels of nesting in a request body.
pub const JSON_DEPTH_MAX: usize = 16;
/// Errors named in one problem document; the rest is counted.
pub const FIELD_ERRORS_MAX: usize = 100;
/// Secret keys of a merchant in one mode that work at the same time.
pub const KEYS_MAX: u32 = 100;
/// Seconds a replaced key may go on working.
pub const KEY_OVERLAP_MAX_S: u32 = 7 * 24 * 3_600;
/// Seconds a replaced key goes on working when nothing is said.
pub const KEY_OVERLAP_DEFAULT_S: u32 = 24 * 3_600;
/// Characters of one field of a provider account.
pub const ACCOUNT_FIELD_MAX_CHARS: usize = 4_096;
/// Sites that a merchant may name that may show its pages.
pub const SHOP_ORIGINS_MAX: usize = 20;
/// Financers in one order.
pub const ROUTE_PROVIDERS_MAX: usize = 10;
/// Rules of a routing profile.
pub const ROUTING_RULES_MAX: usize = 500;
/// Characters of a rule's name.
pub const ROUTING_NAME_MAX_CHARS: usize = 64;
/// Values in one list of a routing condition.
pub const ROUTING_VALUES_MAX: usize = 1_000;
/// Shares of one split.
pub const ROUTING_ARMS_MAX: usize = 20;
/// Time windows of one rule.
pub const ROUTING_WINDOWS_MAX: usize = 20;
/// Bytes of a routing profile as it is stored.
pub const ROUTING_PROFILE_MAX_BYTES: usize = 1024 * 1024;
/// Checkouts that one simulation looks back at.
pub const SIMULATED_CHECKOUTS_MAX: u32 = 10_000;
/// Carts that one simulation may be handed.
pub const SIMULATED_CARTS_MAX: usize = 100;
