//! Any text is formatted to what means the same, and formatting it again changes nothing. The bytes are taken as a text, and as
//! choices that make a file which reads without an error.
#![no_main]

use gov_tests::generate::{Choices, file};
use gov_tests::laws::formatting;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    formatting(&String::from_utf8_lossy(bytes));
    formatting(&file(&mut Choices::new(bytes)));
});
