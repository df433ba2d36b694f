#!/usr/bin/env node
import { SURFACES } from '../app.module.js';
import { readProcessEnvironment } from '../platform/config/environment.js';
import { runCommand } from './program.js';

const classes = SURFACES.flatMap((surface) => surface.settings ?? []);

process.exitCode = await runCommand(process.argv.slice(2), {
  out: process.stdout,
  error: process.stderr,
  input: process.stdin,
  readSettings: () => readProcessEnvironment(classes),
});
