#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| docent_fuzzing::target("filter")(input));
