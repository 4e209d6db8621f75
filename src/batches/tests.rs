use tch::{Device, Kind, Tensor};

use super::Batches;
use crate::dataset::{Affine, Augment, Inputs, Part, Targets};

fn part(inputs: Inputs) -> Part {
    Part { inputs, targets: Targets::Classes(vec![3, 1, 2]), len: 3 }
}

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double).flatten(0, -1)).unwrap()
}

#[test]
fn a_batch_has_its_rows_normalized() {
    let bytes = part(Inputs::Bytes(vec![0, 51, 102, 153, 204, 255]));
    let affine = Affine { mean: vec![0.0], sd: vec![255.0] };
    for kind in [Kind::Float, Kind::Double] {
        let batches = Batches::new(bytes.clone(), affine.clone(), &[1, 2, 1], 1, kind, Device::Cpu).unwrap();
        let batch = batches.gather(&[2, 0]).unwrap();
        assert_eq!((batch.x.size(), batch.x.kind()), (vec![2, 1, 2, 1], kind));
        let expected: Vec<f64> = match kind {
            Kind::Float => [204f32, 255., 0., 51.].iter().map(|v| f64::from(v / 255.0)).collect(),
            _ => [204f64, 255., 0., 51.].iter().map(|v| v / 255.0).collect(),
        };
        assert_eq!(values(&batch.x), expected);
        assert_eq!(values(&batch.y), [2.0, 3.0]);
    }
}

#[test]
fn each_feature_has_its_own_scale() {
    let floats = part(Inputs::Floats(vec![1., 10., 2., 20., 3., 30.]));
    let affine = Affine { mean: vec![2.0, 20.0], sd: vec![1.0, 10.0] };
    let batches = Batches::new(floats, affine, &[2], 1, Kind::Float, Device::Cpu).unwrap();
    assert_eq!(values(&batches.gather(&[0, 1, 2]).unwrap().x), [-1., -1., 0., 0., 1., 1.]);
}

#[test]
fn only_a_training_step_sees_transformed_images() {
    let images = Part { inputs: Inputs::Bytes((1..=24).collect()), targets: Targets::Classes(vec![0, 1]), len: 2 };
    let affine = Affine { mean: vec![1.0], sd: vec![2.0] };
    let augment = Augment { padding: 1, horizontal_flip: 0.5 };
    let batches = Batches::new(images, affine, &[1, 3, 4], 1, Kind::Float, Device::Cpu).unwrap();
    let plain = values(&batches.gather(&[1, 0]).unwrap().x);
    assert_eq!(values(&batches.gather_for_step(&[1, 0], None, 1, 5).unwrap().x), plain);
    let mut transformed = 0;
    for step in 0..10 {
        let batch = batches.gather_for_step(&[1, 0], Some(&augment), 1, step).unwrap();
        let mut expected = [0u8; 24];
        for (at, (transform, row)) in augment.transforms(1, step, 2).into_iter().zip([1, 0]).enumerate() {
            let stored: Vec<u8> = (1 + 12 * row..13 + 12 * row).collect();
            transform.apply(&stored, [1, 3, 4], &mut expected[12 * at..12 * at + 12]);
        }
        let expected: Vec<f64> = expected.iter().map(|&pixel| (f64::from(pixel) - 1.0) / 2.0).collect();
        assert_eq!(values(&batch.x), expected);
        transformed += usize::from(values(&batch.x) != plain);
    }
    assert!(transformed > 5);
}
