//! TDX quotes without `configfs-tsm`: a report from the guest's device `/dev/tdx_guest`
//! (`TDX_CMD_GET_REPORT0` of `linux/tdx-guest.h`, Linux 6.2), which the host's quoting service turns into a
//! quote over vsock. SecretVMs on their own TDX hosts work like this: their kernel is built with a driver
//! of theirs in place of Linux's, which has this call but no `configfs-tsm`.

use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::Duration;

use snafu::ResultExt;
use socket2::{Domain, SockAddr, Socket, Type};

use super::quoting::{self, REPORT};
use super::{CpuReport, EvidenceError, EvidenceProvider, GuestDeviceSnafu, QuotingSnafu};

/// The device, as Linux names it.
pub const DEVICE: &str = "/dev/tdx_guest";
/// Vsock port of the quoting service, as Intel's and SecretVM's configurations have it.
pub const QUOTE_PORT: u32 = 4_050;
/// Vsock address of the host (`VMADDR_CID_HOST`).
const HOST: u32 = 2;
const CONNECT: Duration = Duration::from_secs(5);
/// Longest wait for a quote; the host may have to ask Intel's service first.
const ANSWER: Duration = Duration::from_secs(30);

/// `_IOWR('T', 1, struct tdx_report_req)`: both directions, 1,088 bytes.
const GET_REPORT: libc::Ioctl =
    3 << 30 | (size_of::<ReportRequest>() as libc::Ioctl) << 16 | (b'T' as libc::Ioctl) << 8 | 1;

/// `struct tdx_report_req`.
#[repr(C)]
struct ReportRequest {
    report_data: [u8; 64],
    report: [u8; REPORT],
}

/// The TDX guest that this Linux is.
pub struct TdxGuest {
    device: File,
    port: u32,
}

impl TdxGuest {
    /// Opens the device and makes sure that the quoting service listens at `port`.
    ///
    /// # Errors
    /// [`EvidenceError`] naming what is not there, or not allowed.
    pub fn open(device: &Path, port: u32) -> Result<Self, EvidenceError> {
        let opened = OpenOptions::new().read(true).write(true).open(device);
        let device = opened.context(GuestDeviceSnafu { path: device })?;
        connect(port)?;
        Ok(TdxGuest { device, port })
    }
}

impl EvidenceProvider for TdxGuest {
    fn cpu(&self, report_data: &[u8; 64]) -> Result<CpuReport, EvidenceError> {
        let report = get_report(&self.device, report_data)?;
        let mut service = connect(self.port)?;
        let port = self.port;
        let quote = quoting::quote(&mut service, &report)
            .map_err(|problem| EvidenceError::Quoting { port, problem })?;
        let mut windows = quote.windows(report_data.len());
        snafu::ensure!(
            windows.any(|window| window == report_data),
            super::ReportDataSnafu
        );
        Ok(CpuReport::Tdx { quote })
    }
}

/// A report over 64 bytes of report data from an open device.
///
/// # Errors
/// [`EvidenceError`] if this is no TDX guest's device, or the TDX module refuses.
fn get_report(device: &File, report_data: &[u8; 64]) -> Result<[u8; REPORT], EvidenceError> {
    let mut request = ReportRequest {
        report_data: *report_data,
        report: [0; REPORT],
    };
    // SAFETY: the descriptor is open, and the request is the structure whose size the number of the
    // call says, alive and not shared while the call runs.
    let result = unsafe { libc::ioctl(device.as_raw_fd(), GET_REPORT, &raw mut request) };
    if result != 0 {
        let source = std::io::Error::last_os_error();
        return Err(EvidenceError::GuestReport { source });
    }
    Ok(request.report)
}

fn connect(port: u32) -> Result<Socket, EvidenceError> {
    let connect = || -> std::io::Result<Socket> {
        let socket = Socket::new(Domain::VSOCK, Type::STREAM, None)?;
        socket.connect_timeout(&SockAddr::vsock(HOST, port), CONNECT)?;
        socket.set_read_timeout(Some(ANSWER))?;
        socket.set_write_timeout(Some(ANSWER))?;
        Ok(socket)
    };
    connect().map_err(|error| {
        let problem = error.to_string();
        QuotingSnafu { port, problem }.build()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_the_call_is_linuxs() {
        assert_eq!(GET_REPORT, 0xc440_5401);
    }

    #[test]
    fn a_file_that_is_no_device_gives_no_report() {
        let file = tempfile::tempfile().unwrap();
        let error = get_report(&file, &[0; 64]).unwrap_err().to_string();
        assert!(
            error.starts_with("tee: the TDX guest device gives no report"),
            "{error}"
        );
    }
}
