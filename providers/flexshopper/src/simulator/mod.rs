//! A FlexShopper that answers on a local port.
