//! The grammar of the Gov language.
