//! The simulator seen from outside, by a client that speaks HTTP by hand.
