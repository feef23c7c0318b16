//! Opens the device that an operator chose, and makes sure that a model fits into its memory: a GPU that
//! runs out of it fails in the middle of somebody's answer.

use candle_core::Device;

use crate::DeviceChoice;

/// The device of a choice.
///
/// # Errors
/// A GPU that this build cannot use or that is not there; why, for the operator.
pub(super) fn open(choice: DeviceChoice) -> Result<Device, String> {
    match choice {
        DeviceChoice::Cpu => Ok(Device::Cpu),
        DeviceChoice::Auto => Ok(gpu(0).unwrap_or(Device::Cpu)),
        DeviceChoice::Cuda(number) => {
            gpu(number).map_err(|reason| format!("device {choice}: {reason}"))
        }
    }
}

/// Name of a device, for the log.
pub(super) fn name(device: &Device) -> String {
    match device.location() {
        candle_core::DeviceLocation::Cpu => DeviceChoice::Cpu,
        candle_core::DeviceLocation::Cuda { gpu_id }
        | candle_core::DeviceLocation::Metal { gpu_id } => DeviceChoice::Cuda(gpu_id),
    }
    .to_string()
}

/// Makes sure that `need` bytes are free.
///
/// # Errors
/// How many there are, for the operator.
pub(super) fn check_memory(device: &Device, need: u64) -> Result<(), String> {
    // A system that does not tell is believed to have enough.
    let Some(free) = free(device) else {
        return Ok(());
    };
    if need <= free {
        return Ok(());
    }
    let (need, free, name) = (need >> 20, free >> 20, name(device));
    Err(format!(
        "weights and attention need {need} MiB at most, device {name} has {free} MiB free; lower the \
         context or the number of parallel answers"
    ))
}

#[cfg(feature = "cuda")]
fn gpu(number: usize) -> Result<Device, String> {
    Device::new_cuda(number).map_err(|error| {
        format!("no such GPU, or its driver is too old for this build's CUDA: {error}")
    })
}

#[cfg(not(feature = "cuda"))]
fn gpu(_: usize) -> Result<Device, String> {
    Err("this build cannot use NVIDIA GPUs (feature cuda)".into())
}

/// Free bytes.
fn free(device: &Device) -> Option<u64> {
    match device {
        Device::Cpu => available(&std::fs::read_to_string("/proc/meminfo").ok()?),
        other => gpu_memory(other),
    }
}

#[cfg(feature = "cuda")]
fn gpu_memory(device: &Device) -> Option<u64> {
    let stream = device.as_cuda_device().ok()?.cuda_stream();
    let (free, _) = stream.context().mem_get_info().ok()?;
    u64::try_from(free).ok()
}

#[cfg(not(feature = "cuda"))]
fn gpu_memory(_: &Device) -> Option<u64> {
    None
}

/// Bytes that Linux can give to programs without swapping (`proc_meminfo(5)`).
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|l| l.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_not_there_is_named() {
        let error = check_memory(&Device::Cpu, u64::MAX).unwrap_err();
        assert!(error.contains("device cpu has"), "{error}");
        assert_eq!(check_memory(&Device::Cpu, 1), Ok(()));
    }

    #[test]
    fn linux_tells_its_memory_in_kib() {
        let text = "MemTotal:  9 kB\nMemAvailable:   2048 kB\n";
        assert_eq!(available(text), Some(2 << 20));
        assert_eq!(available("MemFree: 1 kB"), None);
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_build_without_cuda_says_so_and_auto_takes_the_cpu() {
        let error = open(DeviceChoice::Cuda(1)).unwrap_err();
        assert!(
            error.contains("cuda:1") && error.contains("feature cuda"),
            "{error}"
        );
        assert!(matches!(open(DeviceChoice::Auto), Ok(Device::Cpu)));
    }

    #[test]
    fn devices_are_written_as_they_are_read() {
        for text in ["auto", "cpu", "cuda:0", "cuda:63"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        assert_eq!("cuda".parse(), Ok(DeviceChoice::Cuda(0)));
        for text in ["", "gpu", "cuda:", "cuda:64", "cuda:-1", "CPU"] {
            assert!(text.parse::<DeviceChoice>().is_err(), "{text}");
        }
    }
}
