//! What every host has to pass, as a library: see [`check`].
