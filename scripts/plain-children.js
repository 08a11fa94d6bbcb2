/**
 * Loaded into each test file (.taprc). tap has every program that a test starts load what collects its coverage, by
 * NODE_OPTIONS, and coverage is off: `strata` takes twice as long to start with it, and is another program than
 * the one that users start.
 */
import processOnSpawn from 'process-on-spawn';

processOnSpawn.removeAllListeners();
delete process.env.NODE_OPTIONS;
