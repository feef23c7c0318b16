//! What the module's host calls. A host makes an instance per request and drops it with its memory
//! afterwards, so nothing is ever given back.
//!
//! Plain numbers, without wasm-bindgen: two functions over bytes need no generated JavaScript, and the
//! module runs in every host. Names are long because cosmwasm_std exports an `allocate` of its own.

use std::slice;

/// A place for a request of so many bytes, in the module's memory.
#[no_mangle]
pub extern "C" fn verifier_allocate(length: usize) -> *mut u8 {
    Box::leak(vec![0u8; length].into_boxed_slice()).as_mut_ptr()
}

/// Answers the request of `length` bytes at `input`: place · 2³² + length of the answer.
///
/// # Safety
/// `input` must be what [`verifier_allocate`] gave for this `length`, not used before.
#[no_mangle]
pub unsafe extern "C" fn verifier_run(input: *const u8, length: usize) -> u64 {
    // SAFETY: the caller promises a live allocation of this length, of initialised bytes that nobody else
    // refers to while this runs.
    let request = unsafe { slice::from_raw_parts(input, length) };
    let answer = Box::leak(crate::run(request).into_boxed_slice());
    // Places and lengths have 32 bits in WebAssembly; elsewhere nobody calls this.
    ((answer.as_ptr() as u64) << 32) | (answer.len() as u64 & 0xffff_ffff)
}
