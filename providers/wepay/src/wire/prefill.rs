//! What the hosted page is filled with beforehand, with the lengths that WePay takes (5.6 and 5.9).

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// 5.6. Where the address stands is a matter of the API version.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Prefill {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<Text<255>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<Text<255>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone_number: Option<Text<15>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<PrefillAddress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) city: Option<Text<30>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<Text<2>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<Text<30>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) zip: Option<Text<10>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) postcode: Option<Text<14>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<Text<2>>,
}

/// The street alone, with the rest beside it, or the whole as an object.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum PrefillAddress {
    /// Up to 2016-05-18. No document names its length: that of `address1` is kept.
    Street(Text<60>),
    /// From about October 2016.
    Whole(Box<AddressBody>),
}

/// 5.9, an address of a request, in its later form.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AddressBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address1: Option<Text<60>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address2: Option<Text<60>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) city: Option<Text<30>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<Text<30>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) postal_code: Option<Text<14>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<Text<2>>,
}
