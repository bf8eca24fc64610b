//! The image behind the seal has no other door, and the seal needs its key.
//~ error[E0603]: module `image` is private
//~ error[E0061]: this function takes 3 arguments but 2 arguments were supplied
use domain::snapshot::image::Image;

pub fn read(bytes: &[u8]) {
    let _ = domain::snapshot::open(bytes, |_, _| None);
}
