'use strict';
// One record in the storage folder, replaced as a whole: after a power cut it is the old one or the new one.

const fs = require('node:fs');
const path = require('node:path');

function flush(name) {
  const file = fs.openSync(name, 'r');
  try {
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
}

// The record cannot be read or written, or is damaged: the device stops.
class StorageFailed extends Error {}

function orFail(work) {
  try {
    return work();
  } catch (error) {
    throw new StorageFailed(`the storage fails: ${error.message}`);
  }
}

class Store {
  constructor(folder, firmware) {
    this.folder = folder;
    this.firmware = firmware;
    this.file = path.join(folder, 'cable.json');
    this.draft = path.join(folder, 'cable.json.new');
  }

  // The record, or null if there is none.
  load() {
    if (!fs.existsSync(this.file)) return null;
    return orFail(() => {
      const { firmware, ...record } = JSON.parse(fs.readFileSync(this.file, 'utf8'));
      if (!(firmware <= this.firmware)) throw new Error('its record is of a newer version');
      return record;
    });
  }

  save(record) {
    orFail(() => {
      fs.writeFileSync(this.draft, JSON.stringify({ firmware: this.firmware, ...record }));
      flush(this.draft);
      fs.renameSync(this.draft, this.file);
      flush(this.folder);
    });
  }
}

module.exports = { StorageFailed, Store };
