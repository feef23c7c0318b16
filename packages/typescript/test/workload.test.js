// The vectors of packages/attestation/tests/workload.rs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureWorkload } from '../dist/workload.js';

const [compose_sha256, image, files] = ['55', '66', '77'].map((byte) => byte.repeat(32));
const attestTool = (docker_files_sha256) => ({ attest_tool: { compose_sha256, rootfs: image, docker_files_sha256 } });
const dstack = (byte, docker_files_sha256) => {
  const app_id = Buffer.alloc(20, byte).toString('base64');
  return { dstack: { app_id, compose_sha256, os_image_sha256: image, docker_files_sha256 } };
};

test('digests are the documented ones', () => {
  const digest = (workload) => measureWorkload(workload).digest;
  assert.equal(digest(attestTool(null)), '653ffa23990ac526677f19545706700d47d89380f9c743bb36571b4a30efb770');
  assert.equal(digest(attestTool(files)), '2bf9ba6c55a46220188bb495df7796f5a74faa29d87f1a39c1000a7846a94bd8');
  assert.equal(digest(dstack(0x99)), '56a87fc27fe365c168fd59bfef4cdeb28859f0d0cbc653844f1250dec0d9381e');
  assert.equal(digest(dstack(0x98, files)), '7af6de591b0e2f9568e8bf5d5a428e71b5ad43ad52125b9d801013205fbe1df9');
});

test('registers are the documented ones', () => {
  const rtmr3 = (workload) => measureWorkload(workload).rtmr3;
  const register = (...parts) => parts.join('');
  assert.equal(
    rtmr3(attestTool(null)),
    register('3e59711722ac26e228c59711a4a15690a2ff02fb6faf15834e9066ef02a0d104', 'b0512b82b9ff5de2b5b016c6851fb6c9'),
  );
  assert.equal(
    rtmr3(attestTool(files)),
    register('5e7e3be29583d83abe905722096418d06e4a36e09b6e5cce0eac56fe530b5', '5f30293b0382c6e02fa2e733c3be8215848'),
  );
  assert.equal(
    rtmr3(dstack(0x99)),
    register('6d662d756323c0a9e03cc502ecd2c2c429d7d9c6bcc5d8ddebabb477e753a1', '70a8c72ac2a84570a0850ce538932e8db7'),
  );
  assert.equal(
    rtmr3(dstack(0x99, files)),
    register('ddd80d034db29bfca481e06f1e417aa684ef3818927c245996aff5f0fbe711', 'e3980dbc49f0a16712f13c082ffc38b10f'),
  );
});

test('what is no digest is refused', () => {
  for (const part of ['', 'xx', '00'.repeat(31)]) {
    assert.throws(() => measureWorkload({ attest_tool: { compose_sha256, rootfs: part } }), { message: /workload\.rootfs/ });
  }
});
