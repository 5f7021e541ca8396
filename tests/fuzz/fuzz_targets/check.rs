//! A check of any text ends without a panic, and says the same twice.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    gov_tests::laws::checking(text);
});
