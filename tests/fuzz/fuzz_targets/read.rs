//! Any text is read without a panic, and nothing of it is lost.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    gov_tests::laws::reading(text);
});
