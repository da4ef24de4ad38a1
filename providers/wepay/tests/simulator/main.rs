//! The simulator seen from outside: raw clients on one side, a receiver of notices on the other.
