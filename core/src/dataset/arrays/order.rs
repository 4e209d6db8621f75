//! The order of elements in memory.

/// Returns the elements of an array with the shape `shape` in C order. For each axis, `strides` has the distance in
/// `bytes` from one element to the next, counted in elements. Each element has `size` bytes.
pub fn in_c_order(bytes: &[u8], size: usize, shape: &[usize], strides: &[usize]) -> Vec<u8> {
    match size {
        1 => gather::<1>(bytes, shape, strides),
        2 => gather::<2>(bytes, shape, strides),
        4 => gather::<4>(bytes, shape, strides),
        8 => gather::<8>(bytes, shape, strides),
        _ => {
            let mut all = Vec::with_capacity(bytes.len());
            each_row(shape, strides, |start, count, stride| {
                for index in 0..count {
                    all.extend_from_slice(&bytes[(start + index * stride) * size..][..size]);
                }
            });
            all
        }
    }
}

/// Returns the strides of an array in Fortran order: the first axis changes fastest.
pub fn fortran_strides(shape: &[usize]) -> Vec<usize> {
    let mut next = 1;
    let stride = |&size: &usize| {
        let stride = next;
        next *= size;
        stride
    };
    shape.iter().map(stride).collect()
}

/// Reverses the bytes of each word of `size` bytes.
pub fn swap(bytes: &mut [u8], size: usize) {
    bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
}

/// Gathers elements of `N` bytes.
fn gather<const N: usize>(bytes: &[u8], shape: &[usize], strides: &[usize]) -> Vec<u8> {
    let elements: &[[u8; N]] = bytes.as_chunks().0;
    let mut all: Vec<[u8; N]> = Vec::with_capacity(elements.len());
    each_row(shape, strides, |start, count, stride| {
        all.extend((0..count).map(|index| elements[start + index * stride]));
    });
    all.into_flattened()
}

/// Calls `row` for each line along the last axis, in C order, with its first element, length and stride.
fn each_row(shape: &[usize], strides: &[usize], mut row: impl FnMut(usize, usize, usize)) {
    let (Some((&count, outer)), Some((&stride, steps))) = (shape.split_last(), strides.split_last()) else {
        return row(0, 1, 1);
    };
    if shape.contains(&0) {
        return;
    }
    let mut index = vec![0; outer.len()];
    let mut start = 0;
    loop {
        row(start, count, stride);
        let mut axis = outer.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            index[axis] += 1;
            start += steps[axis];
            if index[axis] < outer[axis] {
                break;
            }
            start -= steps[axis] * outer[axis];
            index[axis] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fortran_order_becomes_c_order() {
        // NumPy: np.arange(6).reshape(2, 3) in Fortran order.
        let values = [0u8, 3, 1, 4, 2, 5];
        for size in [1, 2, 3, 4, 8] {
            let wide = |values: &[u8]| values.iter().flat_map(|&value| vec![value; size]).collect::<Vec<u8>>();
            let found = in_c_order(&wide(&values), size, &[2, 3], &fortran_strides(&[2, 3]));
            assert_eq!(found, wide(&[0, 1, 2, 3, 4, 5]));
        }
        assert_eq!(in_c_order(&[7], 1, &[], &[]), [7]);
        assert_eq!(in_c_order(&[], 1, &[0, 3], &fortran_strides(&[0, 3])), [0u8; 0]);
    }

    #[test]
    fn axes_are_moved_by_their_strides() {
        // One image of 1 × 2 pixels with 3 channels last becomes 3 channels of 1 × 2.
        assert_eq!(in_c_order(&[0, 1, 2, 3, 4, 5], 1, &[1, 3, 1, 2], &[6, 1, 6, 3]), [0, 3, 1, 4, 2, 5]);
    }

    #[test]
    fn bytes_are_swapped_within_words() {
        let mut bytes = [1, 2, 3, 4];
        swap(&mut bytes, 2);
        assert_eq!(bytes, [2, 1, 4, 3]);
    }
}
