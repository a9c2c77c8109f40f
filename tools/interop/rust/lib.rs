//! The vectors of `fixtures/` are put to a validator in `tests/`: `cargo test`.
