//! Giving memory back to the system once a worker has started.

use pyo3::prelude::*;

/// Return to the system what starting has freed: imports and compilers leave holes that a server never fills again.
#[pyfunction]
pub fn trim_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim(3) may be called at any time from any thread; it moves no live allocation.
    unsafe {
        libc::malloc_trim(0);
    }
}
