/**
 * Where calls of `stratafs` find the process that serves for all of them: a socket in a directory of this user's
 * alone, whose name is the same for those only whom the kernel would treat alike, in one boot, by one version of
 * the program.
 */
import { createHash } from 'node:crypto';
import { readPackageVersion } from '../../os/package-version.ts';
import { programIdentity } from '../../os/own-process.ts';
import { findPrivateDirectory } from '../../os/private-directory.ts';
import { readBootId } from '../../os/process-identity.ts';
import { findStanding } from '../../os/process-standing.ts';

export interface MeetingPlace {
  readonly directory: string;
  /** Of the socket. */
  readonly path: string;
  /** Of this process when it began. */
  readonly standing: string;
  /** The identity of its program (`programIdentity`). */
  readonly program: string;
}

/** Of `program`; undefined where there is no safe place; before this process acts for anybody (`findStanding`). */
export function findMeetingPlace(programPath = process.argv[1] ?? ''): MeetingPlace | undefined {
  const standing = findStanding('self');
  const directory = findPrivateDirectory();
  if (standing === undefined || directory === undefined) return undefined;
  const program = programIdentity(programPath);
  const marks = [standing, readBootId(), readPackageVersion(), program];
  const name = createHash('sha256').update(marks.join('\n')).digest('hex').slice(0, 32);
  return { directory, path: `${directory}/${name}`, standing, program };
}
