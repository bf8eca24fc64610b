//! One line a check: its name in code, its file, its stable code. The order is the order of a scan.

/// Declares the files of the checks and the closed list of them.
macro_rules! checks {
    ($($(#[$doc:meta])* $variant:ident = $module:ident: $code:literal,)+) => {
        $(mod $module;)+

        /// The stable name of a live check; the same in code, tests, documents and evidence.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize,
            serde::Deserialize,
        )]
        pub enum CheckId {
            $($(#[$doc])* #[serde(rename = $code)] $variant,)+
        }

        impl CheckId {
            /// Every check, in the order in which a scan runs them.
            pub const ALL: [Self; [$($code),+].len()] = [$(Self::$variant),+];

            /// The kebab-case code, as in JSON.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            async fn perform(self, scan: &Scan<'_>) -> Judgement {
                match self {
                    $(Self::$variant => $module::run(scan).await,)+
                }
            }
        }

        impl std::str::FromStr for CheckId {
            type Err = OrderError;

            fn from_str(code: &str) -> Result<Self, OrderError> {
                let found = Self::ALL.into_iter().find(|id| id.code() == code);
                found.ok_or_else(|| OrderError::UnknownCheck(code.to_owned()))
            }
        }

        /// The description of one check.
        pub const fn check(id: CheckId) -> &'static Check {
            match id {
                $(CheckId::$variant => &$module::CHECK,)+
            }
        }
    };
}
