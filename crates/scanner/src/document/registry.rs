//! One line a check: its file, which is its stable name with `_` for `-`.

/// Declares the files of the checks and the closed list of them.
macro_rules! checks {
    ($($module:ident,)+) => {
        $(mod $module;)+

        /// Every check with what it does, in the order in which an audit makes them.
        pub const CHECKS: [(&Check, Look); [$(stringify!($module)),+].len()] =
            [$((&$module::CHECK, $module::look as Look)),+];

        #[cfg(test)]
        pub(crate) const MODULES: [&str; CHECKS.len()] = [$(stringify!($module)),+];
    };
}
